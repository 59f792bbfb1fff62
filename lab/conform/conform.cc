#include "lab/conform/conform.h"

#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lab/conform/conform_io_pgtable.h"
#include "lab/conform/conform_kind.h"
#include "lab/conform/conform_qemu_tree.h"
#include "lab/conform/conform_riscv_iommu.h"
#include "lab/conform/conform_vhost_vdpa.h"
#include "lab/conform/json_lines.h"

namespace iovalab {
namespace {

// Longer names before their prefixes: a split file may append to the name.
constexpr const ConformKind* kConformKinds[] = {
    &kConformQemuVhostTree72, &kConformQemuVhostTree100, &kConformQemuTree,
    &kConformVhostVdpa,       &kConformRiscvIommu,       &kConformIoPgtable,
};

absl::StatusOr<const ConformKind*> KindByMeta(const JsonRecord& record) {
  const nlohmann::json& meta = record.object.at("meta");
  const auto file = meta.is_object() ? meta.find("file") : meta.end();
  if (!meta.is_object() || file == meta.end() || !file->is_string()) {
    return record.Error("field \"meta.file\": is missing or no string");
  }
  const std::string name = file->get<std::string>();
  for (const ConformKind* kind : kConformKinds) {
    if (absl::StartsWith(name, kind->name)) return kind;
  }
  std::string known;
  for (const ConformKind* kind : kConformKinds) {
    absl::StrAppend(&known, known.empty() ? "" : ", ", kind->name);
  }
  return record.Error(absl::StrCat("field \"meta.file\": recordings of kind \"",
                                   name,
                                   "\" are not known; these are: ", known));
}

absl::StatusOr<const ConformKind*> KindByContent(const JsonRecord& record) {
  for (const ConformKind* kind : kConformKinds) {
    if (kind->recognise(record)) return kind;
  }
  const auto cfg = record.object.find("cfg");
  return record.Error(cfg != record.object.end() && cfg->is_string()
                          ? absl::StrCat("recordings of configuration \"",
                                         cfg->get<std::string>(),
                                         "\" are not known")
                          : "a line {\"meta\":{\"file\":KIND, ...}} is right "
                            "here, or the first "
                            "step of a case of a known kind");
}

class FileReplay {
 public:
  explicit FileReplay(const std::string& path) { file_.file = path; }

  absl::Status Take(const JsonRecord& record);
  ConformFile Finish() { return std::move(file_); }

 private:
  absl::Status FollowCase(const JsonRecord& record);
  void Keep(const JsonRecord& record,
            const StepComparison::Difference& difference);

  ConformFile file_;
  const ConformKind* kind_ = nullptr;
  std::unique_ptr<CaseReplay> replay_;
  std::string case_;
  int64_t step_ = 0;
  bool failed_ = false;
};

absl::Status FileReplay::FollowCase(const JsonRecord& record) {
  JsonFields in(record);
  std::string name = in.String("case");
  const int64_t step = in.Int("step");
  if (!in.ok()) return in.status();
  if (step == 0) {
    case_ = std::move(name);
    replay_ = kind_->begin_case();
    failed_ = false;
  } else if (replay_ == nullptr || name != case_ || step != step_ + 1) {
    return record.Error(absl::StrCat(
        "field \"step\": ", step, " of case ", name,
        replay_ == nullptr ? " without its step 0"
                           : absl::StrCat(" follows step ", step_, " of case ",
                                          case_, "; a step is left out")));
  }
  step_ = step;
  return absl::OkStatus();
}

void FileReplay::Keep(const JsonRecord& record,
                      const StepComparison::Difference& d) {
  ++file_.mismatch_count;
  if (file_.mismatches.size() >= kMaxConformMismatches) return;
  file_.mismatches.push_back(
      {case_, step_, record.line, d.field, d.expected, d.got});
}

absl::Status FileReplay::Take(const JsonRecord& record) {
  const bool is_meta = record.object.contains("meta");
  if (is_meta || kind_ == nullptr) {
    absl::StatusOr<const ConformKind*> kind =
        is_meta ? KindByMeta(record) : KindByContent(record);
    if (!kind.ok()) return kind.status();
    kind_ = *kind;
    replay_ = nullptr;
    file_.kind = std::string(kind_->name);
    if (is_meta) return absl::OkStatus();
  }
  if (absl::Status status = FollowCase(record); !status.ok()) return status;
  const bool has_ev = kind_->has_ev != nullptr && kind_->has_ev(record);
  ++file_.total;
  file_.ev_total += has_ev;
  if (failed_) return absl::OkStatus();

  StepComparison comparison;
  absl::Status status = replay_->Step(record, &comparison);
  if (!status.ok()) return status;
  if (comparison.difference()) {
    failed_ = true;
    Keep(record, *comparison.difference());
  } else {
    ++file_.matched;
  }
  if (comparison.ev_difference()) {
    Keep(record, *comparison.ev_difference());
  } else {
    file_.ev_matched += has_ev;
  }
  return absl::OkStatus();
}

absl::StatusOr<ConformFile> ConformOne(const std::string& path,
                                       absl::FunctionRef<void()> on_step) {
  absl::StatusOr<JsonLines> lines = JsonLines::Open(path);
  if (!lines.ok()) return lines.status();
  FileReplay replay(path);
  for (;;) {
    absl::StatusOr<std::optional<JsonRecord>> record = lines->Next();
    if (!record.ok()) return record.status();
    if (!record->has_value()) break;
    absl::Status status = replay.Take(**record);
    if (!status.ok()) return status;
    on_step();
  }
  ConformFile file = replay.Finish();
  if (file.total == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": holds no recorded operation"));
  }
  return file;
}

}  // namespace

absl::StatusOr<ConformReport> ConformFiles(
    absl::Span<const std::string> paths,
    absl::FunctionRef<void(uint64_t)> on_step) {
  ConformReport report;
  uint64_t steps = 0;
  for (const std::string& path : paths) {
    absl::StatusOr<ConformFile> file =
        ConformOne(path, [&] { on_step(++steps); });
    if (!file.ok()) return file.status();
    report.matched += file->matched;
    report.total += file->total;
    report.ev_matched += file->ev_matched;
    report.ev_total += file->ev_total;
    report.files.push_back(*std::move(file));
  }
  return report;
}

}  // namespace iovalab
