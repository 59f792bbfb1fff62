#include "lab/conform/conform_vhost_vdpa.h"

#include <string.h>

#include <cerrno>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lab/conform/conform_vdpa_machine.h"
#include "lab/conform/conform_vdpa_ops.h"

namespace iovalab {
namespace {

using nlohmann::json;

std::string ErrnoText(int err) {
  return err == 0 ? "OK" : std::string(strerrorname_np(-err));
}

std::string Text(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

class VdpaReplay : public CaseReplay {
 public:
  absl::Status Step(const JsonRecord& record, StepComparison* out) override;

 private:
  absl::Status Begin(const JsonRecord& record);
  absl::Status AdoptTable(const JsonRecord& record);
  void CompareResult(const JsonRecord& record, const VdpaOpResult& result,
                     StepComparison* out);
  void CompareJson(const std::string& field, const json& expected,
                   const json& got, StepComparison* out);
  void CompareTables(const json& expected, StepComparison* out);
  void CompareCalls(const json& record, StepComparison* out);

  std::unique_ptr<VdpaMachine> m_;
};

// "0x0-0xfff -> va:H+0x0 perm=3"
std::optional<Entry> ParseMap(const VdpaHost& host, absl::string_view text) {
  const size_t dash = text.find('-');
  const size_t arrow = text.find(" -> va:");
  const size_t perm = text.rfind(" perm=");
  if (dash == text.npos || arrow == text.npos || perm == text.npos ||
      dash > arrow || arrow + 7 > perm) {
    return std::nullopt;
  }
  Entry e;
  const auto target = host.Address(text.substr(arrow + 7, perm - arrow - 7));
  if (!absl::SimpleHexAtoi(text.substr(0, dash), &e.first) ||
      !absl::SimpleHexAtoi(text.substr(dash + 1, arrow - dash - 1), &e.last) ||
      !absl::SimpleAtoi(text.substr(perm + 6), &e.perm) || !target ||
      e.first > e.last) {
    return std::nullopt;
  }
  e.target = *target;
  return e;
}

// VDUSE's table outlives a close: a case may begin with what an earlier one
// left, which only the record of its first step tells.
absl::Status VdpaReplay::AdoptTable(const JsonRecord& record) {
  const json::json_pointer path("/st/iotlb/vduse_domain#0/maps");
  if (!record.object.contains(path)) return absl::OkStatus();
  const json& maps = record.object.at(path);
  if (!maps.is_array()) return record.Error("field \"maps\": is no array");
  constexpr StoreId kTable{StoreKind::kDevice, 0};
  for (const json& map : maps) {
    const auto e = ParseMap(m_->host, Text(map));
    if (!e || m_->sink.table(kTable).FirstIn(e->first, e->last)) {
      return record.Error(
          absl::StrCat("field \"maps\": \"", Text(map),
                       "\" is no map like 0x0-0xfff -> va:H+0x0 perm=3"));
    }
    m_->sink.Add(kTable, *e, Rule::kNone, Actor::kDevice);
  }
  return absl::OkStatus();
}

absl::Status VdpaReplay::Begin(const JsonRecord& record) {
  JsonFields in(record);
  const std::string kernel = in.String("kernel");
  const std::string cfg = in.String("cfg");
  if (!in.ok()) return in.status();
  const auto config = FindVdpaConfig(kernel, cfg);
  if (!config) {
    return record.Error(absl::StrCat("fields \"kernel\", \"cfg\": no profile ",
                                     "for ", cfg, " on ", kernel));
  }
  m_ = std::make_unique<VdpaMachine>(*config);
  if (!config->device.reset_map) return AdoptTable(record);
  return absl::OkStatus();
}

void VdpaReplay::CompareJson(const std::string& field, const json& expected,
                             const json& got, StepComparison* out) {
  if (expected.is_array() && got.is_array() && expected.size() == got.size()) {
    for (size_t i = 0; i < got.size(); ++i) {
      CompareJson(absl::StrCat(field, "[", i, "]"), expected[i], got[i], out);
    }
    return;
  }
  if (expected.is_object() && got.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      CompareJson(absl::StrCat(field, ".", key), value,
                  got.contains(key) ? got[key] : json(), out);
    }
    return;
  }
  if (!m_->host.Same(Text(expected), Text(got))) {
    out->Differ(field, Text(expected), Text(got));
  }
}

void VdpaReplay::CompareTables(const json& expected, StepComparison* out) {
  json got = json::object();
  for (const VdpaTableText& table : VdpaTables(*m_)) {
    got[table.key] = {{"limit", table.limit},
                      {"nmaps", table.maps.size()},
                      {"maps", table.maps}};
  }
  for (const auto& [key, table] : got.items()) {
    if (!expected.contains(key)) out->Differ(key, "absent", "present");
  }
  CompareJson("iotlb", expected, got, out);
}

void VdpaReplay::CompareCalls(const json& record, StepComparison* out) {
  const std::vector<std::string> calls = TakeVdpaCalls(*m_);
  const auto ev = record.find("ev");
  const json expected = ev == record.end() ? json::array() : *ev;
  StepComparison lines;
  CompareJson("ev", expected, json(calls), &lines);
  if (lines.difference()) {
    out->DifferEv(lines.difference()->expected, lines.difference()->got);
  }
}

void VdpaReplay::CompareResult(const JsonRecord& record,
                               const VdpaOpResult& result,
                               StepComparison* out) {
  const json& object = record.object;
  const auto errno_field = object.find("errno");
  if (errno_field == object.end()) {
    out->Differ("errno", "absent", ErrnoText(result.err));
  } else if (Text(*errno_field) != ErrnoText(result.err)) {
    out->Differ("errno", Text(*errno_field), ErrnoText(result.err));
  }
  if (const auto ret = object.find("kernel_ret"); ret != object.end()) {
    const std::string got = !result.kernel_ret ? "absent"
                            : *result.kernel_ret == 0
                                ? "0"
                                : ErrnoText(*result.kernel_ret);
    if (Text(*ret) != got) out->Differ("kernel_ret", Text(*ret), got);
  }
  if (const auto o = object.find("out"); o != object.end()) {
    CompareJson("out", *o, result.out, out);
  }
}

absl::Status VdpaReplay::Step(const JsonRecord& record, StepComparison* out) {
  if (m_ == nullptr) {
    if (absl::Status s = Begin(record); !s.ok()) return s;
  }
  absl::StatusOr<VdpaOpResult> result = RunVdpaOp(*m_, record);
  if (!result.ok()) return result.status();
  if (!result->supported) {
    out->Differ("op", Text(record.object["op"]), "not modelled");
    return absl::OkStatus();
  }
  CompareResult(record, *result, out);
  const json st = record.object.value("st", json::object());
  CompareTables(st.is_object() ? st.value("iotlb", json::object()) : json(),
                out);
  if (st.is_object() && st.contains("iommu")) {
    CompareJson("iommu", st["iommu"], VdpaIommuRuns(*m_), out);
  }
  if (result->maps && st.is_object() && st.contains("VmPin_kB")) {
    CompareJson("VmPin_kB", st["VmPin_kB"],
                m_->vhost.pinned_pages * (kPageSize / 1024), out);
  }
  CompareCalls(record.object, out);
  return absl::OkStatus();
}

bool Recognise(const JsonRecord& first) {
  const json& o = first.object;
  return o.contains("cfg") && o["cfg"].is_string() && o.contains("kernel") &&
         o["kernel"].is_string() &&
         FindVdpaConfig(o["kernel"].get<std::string>(),
                        o["cfg"].get<std::string>())
             .has_value();
}

}  // namespace

const ConformKind kConformVhostVdpa = {
    "vhost-vdpa", Recognise,
    []() -> std::unique_ptr<CaseReplay> {
      return std::make_unique<VdpaReplay>();
    },
    [](const JsonRecord& record) { return record.object.contains("ev"); }};

}  // namespace iovalab
