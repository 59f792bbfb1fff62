#include "cli/import.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/outputs.h"
#include "cli/terminal/progress.h"
#include "cli/terminal/text.h"
#include "lab/import/import_blocks.h"
#include "lab/import/import_file.h"
#include "lab/import/import_report.h"
#include "lab/import/import_scenario.h"
#include "lab/import/monitor_dump.h"
#include "lab/import/monitor_import.h"
#include "lab/import/predict.h"
#include "lab/import/vtd/vtd_capture.h"
#include "lab/import/vtd/vtd_report.h"
#include "lab/import/vtd/vtd_scenario.h"
#include "lab/scenario/axes.h"
#include "lab/scenario/scenario_print.h"
#include "model/vmm/strategy.h"
#include "sim/byte_sink.h"

namespace iovalab {
namespace {

// The strategy that --set names, or null where it names none.
absl::StatusOr<const Strategy*> NamedStrategy(const Args& args) {
  const Strategy* strategy = nullptr;
  for (const std::string& text : args.All("--set")) {
    absl::StatusOr<AxisChoice> choice = ParseSet(text);
    if (!choice.ok()) return choice.status();
    if (choice->axis != "mapping" || choice->values.size() != 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--set ", text, ": import takes one mapping: --set mapping=hva"));
    }
    strategy = StrategyByName(choice->values.front());
  }
  return strategy;
}

absl::Status WriteText(const std::string& path, const std::string& text) {
  absl::StatusOr<std::unique_ptr<sim::FileSink>> file =
      sim::FileSink::Open(path);
  if (!file.ok()) return file.status();
  const absl::Status written = (*file)->Append(text);
  return written.ok() ? (*file)->Close() : written;
}

// A file's name may be any bytes; a scenario is text.
std::string SourceName(const std::string& path) {
  return path == "-" ? "standard input" : Printable(path);
}

absl::Status WriteScenario(const std::string& path, const std::string& log,
                           const Import& import, const ImportBlocks& blocks,
                           const Strategy& strategy) {
  const int device = ChooseImportDevice(import);
  if (device < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        log,
        ": no listener event to make a scenario of; log with -trace "
        "'vhost_vdpa_*' or 'vhost_region_*' or 'vfio_listener_*'"));
  }
  ImportScenarioOptions options;
  options.mapping = std::string(strategy.name);
  options.source =
      absl::StrCat(import.files.empty() ? "log " : "dump ", SourceName(log));
  const absl::StatusOr<pb::Scenario> scenario =
      ScenarioFromImport(import.devices[device], blocks, options);
  if (!scenario.ok()) return scenario.status();
  return WriteText(path, CanonicalText(*scenario));
}

// Of a guest behind an IOMMU, all files together.
absl::Status WriteVtdScenario(const std::string& path,
                              const VtdCapture& capture, Terminal& terminal) {
  const std::string& first = capture.files.front().path;
  const absl::StatusOr<VtdOrder> order = OrderVtdCapture(capture);
  if (!order.ok()) {
    return absl::Status(order.status().code(),
                        absl::StrCat(first, ": ", order.status().message()));
  }
  VtdScenarioOptions options;
  std::vector<std::string> names;
  for (const VtdFile& file : capture.files) {
    names.push_back(SourceName(file.path));
  }
  options.source = absl::StrCat("logs ", absl::StrJoin(names, ", "));
  const absl::StatusOr<VtdScenario> made =
      ScenarioFromVtd(capture, *order, options);
  if (!made.ok()) {
    return absl::Status(made.status().code(),
                        absl::StrCat(first, ": ", made.status().message()));
  }
  if (path != "-") terminal.Write(absl::StrCat(path, ": ", made->Text(), "\n"));
  return WriteText(path, CanonicalText(made->scenario));
}

absl::StatusOr<ImportInput> ReadShown(const std::string& path,
                                      Terminal& terminal) {
  Progress progress(terminal, "MiB of log", 0);
  return ReadImportFile(path, kMaxLogBytes,
                        [&](uint64_t bytes) { progress.Update(bytes >> 20); });
}

struct Sums {
  uint64_t predicted = 0;
  uint64_t total = 0;
};

// Where the scenario of this log or dump goes; "": nowhere, as where the files
// are those of a guest behind an IOMMU.
absl::Status ImportOne(const std::string& path, const Import& import,
                       const Args& args, const std::string& out,
                       const Strategy* named, Sums& sums, Terminal& terminal) {
  const ImportBlocks blocks(import.devices, import.names);
  const bool is_dump = !import.files.empty();
  const Strategy* strategy = named;
  if (strategy == nullptr) strategy = StrategyByName(GuessMapping(import));
  if (strategy == nullptr) strategy = &kStrategyHva;

  if (!out.empty()) {
    const absl::Status status =
        WriteScenario(out, path, import, blocks, *strategy);
    if (!status.ok()) return status;
    if (out == "-") return absl::OkStatus();
  }
  if (args.Has("--predict") && is_dump) {
    terminal.Note(absl::StrCat(
        path, ": a monitor's dump has no map operations to predict"));
  } else if (args.Has("--predict")) {
    if (named == nullptr) {
      terminal.Note(absl::StrCat(path, ": strategy ", strategy->name,
                                 " guessed from the log's form; --set "
                                 "mapping=NAME to choose"));
    }
    const PredictResult result = PredictImport(import, *strategy);
    terminal.Write(PredictText(path, result, *strategy));
    if (result.total == 0) {
      terminal.Note(absl::StrCat(
          path,
          ": no map or unmap message in it, so nothing was predicted; log with "
          "-trace 'vhost_vdpa_dma_*' as well"));
    }
    sums.predicted += result.predicted;
    sums.total += result.total;
  }
  terminal.Write(ReportText(path, import, blocks, JudgeImport(import)));
  return absl::OkStatus();
}

// A scenario of a guest behind an IOMMU is made: without its maps there is none
// to make. Errors: a file that is not of such a guest, too.
absl::StatusOr<bool> MakesVtdScenario(const Args& args) {
  if (!args.Has("-o")) return false;
  bool maps = false;
  const std::string* other = nullptr;
  for (const std::string& path : args.operands()) {
    const VtdFileKind kind = DetectVtdFileAt(path);
    maps = maps || kind == VtdFileKind::kFtrace;
    if (kind == VtdFileKind::kNone && other == nullptr) other = &path;
  }
  if (!maps || other == nullptr) return maps;
  return absl::InvalidArgumentError(absl::StrCat(
      *other,
      ": -o: one scenario is made of the files of one guest behind an IOMMU; "
      "this is none of them"));
}

// Each log is a capture of its own; all dumps together are one, and so are all
// files of a guest behind an IOMMU.
absl::Status ImportAll(const Args& args, bool makes_vtd, const Strategy* named,
                       Sums& sums, VtdCapture& vtd, Terminal& terminal) {
  MonitorDump dump;
  uint64_t dump_bytes = 0;
  const std::vector<std::string>& paths = args.operands();
  const std::string out = makes_vtd ? "" : args.Text("-o");
  for (const std::string& path : paths) {
    const VtdFileKind kind = DetectVtdFileAt(path);
    if (kind != VtdFileKind::kNone) {
      const absl::Status status = AddVtdFile(path, kind, vtd);
      if (!status.ok()) return status;
      // A QEMU's log may have more to tell.
      if (kind != VtdFileKind::kQemu) continue;
    }
    const absl::StatusOr<ImportInput> input = ReadShown(path, terminal);
    if (!input.ok()) return input.status();
    if (!input->is_dump) {
      if (makes_vtd && args.Text("-o") == "-") continue;
      if (!out.empty() && paths.size() > 1) {
        return absl::InvalidArgumentError(
            "-o: one scenario is made of one log, or of the dumps of one "
            "monitor; several were given");
      }
      const absl::Status status =
          ImportOne(path, input->log, args, out, named, sums, terminal);
      if (!status.ok()) return status;
      continue;
    }
    dump_bytes += input->dump.size();
    if (dump_bytes > kMaxDumpBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path, ": more than ", kMaxDumpBytes,
                       " bytes of dumps; give fewer of them"));
    }
    const absl::Status status =
        AddMonitorDump(path == "-" ? "<stdin>" : path, input->dump, &dump);
    if (!status.ok()) return status;
  }
  if (dump.files.empty()) return absl::OkStatus();
  const absl::StatusOr<Import> import = ImportMonitorDump(dump);
  if (!import.ok()) return import.status();
  const size_t more = dump.files.size() - 1;
  return ImportOne(more == 0 ? dump.files[0].file
                             : absl::StrCat(dump.files[0].file, " and ", more,
                                            more == 1 ? " other" : " others"),
                   *import, args, out, named, sums, terminal);
}

int RunImport(const Args& args, Terminal& terminal) {
  if (absl::Status s = CheckOutput(args, "-o", args.operands()); !s.ok()) {
    return terminal.Fail(s);
  }
  const absl::StatusOr<const Strategy*> strategy = NamedStrategy(args);
  if (!strategy.ok()) return terminal.Fail(strategy.status());
  const absl::StatusOr<bool> makes_vtd = MakesVtdScenario(args);
  if (!makes_vtd.ok()) return terminal.Fail(makes_vtd.status());
  Sums sums;
  VtdCapture vtd;
  const absl::Status status =
      ImportAll(args, *makes_vtd, *strategy, sums, vtd, terminal);
  if (!status.ok()) return terminal.Fail(status);
  if (*makes_vtd) {
    const absl::Status written =
        WriteVtdScenario(args.Text("-o"), vtd, terminal);
    if (!written.ok()) return terminal.Fail(written);
  }
  const VtdReport report = ReportVtdCapture(vtd);
  if (!vtd.files.empty() && args.Text("-o") != "-") {
    terminal.Write(report.text);
  }
  if (!args.Has("--predict")) return report.differs ? kDiffers : kFine;
  terminal.Write(absl::StrCat("predicted ", sums.predicted, " of ", sums.total,
                              " map operations\n"));
  return sums.predicted == sums.total && !report.differs ? kFine : kDiffers;
}

constexpr Flag kFlags[] = {
    {"-o", "SCENARIO", "write it as a scenario; - is standard output"},
    {"--predict", "",
     "predict each map and unmap of the log; exit 1 where one differs",
     FlagType::kSwitch},
    {"--set", "mapping=NAME",
     "strategy to predict with (default: what the log's form suggests)",
     FlagType::kText, FlagUse::kRepeated},
};

}  // namespace

constinit const Command kImportCommand = {
    .name = "import",
    .summary = "a log or memory map of a real QEMU: is it hit? as a scenario",
    .operands = {"FILE…", 1, kAnyNumber},
    .flags = kFlags,
    .details =
        "Reads logs that QEMU 7.2 to 10.x wrote with -trace (vhost_vdpa_*,\n"
        "vhost_region_*, vhost_commit, vfio_listener_*) and says which guest\n"
        "regions alias and which logged unmap took away a mapping that was "
        "not\n"
        "its own. Other lines are counted and passed over. With -o - only the\n"
        "scenario goes to standard output.\n"
        "\n"
        "A guest behind an intel-iommu: give QEMU's trace (vtd_*), the "
        "guest's\n"
        "ftrace (iommu:map, iommu:unmap, intel_iommu:qi_submit) and its dmesg\n"
        "together. Its maps become page tables, its accesses run on the\n"
        "simulator's IOMMU, and translations, IOTLB, faults, fault records "
        "and\n"
        "dmesg lines are compared with what was recorded. With -o the guest's\n"
        "maps and the accesses of the device that faulted are a scenario,\n"
        "which is expected to come out as recorded.\n"
        "\n"
        "Exit status: 0, or 1 where --predict mispredicts or something of an\n"
        "IOMMU was not reproduced, 2 trouble.",
    .examples =
        "iovalab import qemu-trace.log\n"
        "iovalab import qemu-trace.log --predict --set mapping=hva\n"
        "iovalab import qemu-trace.log -o - | iovalab compare -\n"
        "iovalab import mtree.txt ramblock.txt\n"
        "iovalab import qemu-trace.log ftrace-iommu.txt dmesg.txt\n"
        "iovalab import qemu-trace.log ftrace-iommu.txt -o - | iovalab run -",
    .run = RunImport,
};

}  // namespace iovalab
