#include "cli/convert.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lab/import/export_log.h"
#include "lab/trace/trace_file.h"
#include "lab/trace/trace_text.h"
#include "sim/byte_sink.h"

namespace iovalab {
namespace {

absl::Status WriteQemuLog(const std::string& path, const Trace& trace,
                          Terminal& terminal) {
  const absl::StatusOr<ExportedLog> log = ExportQemuLog(trace);
  if (!log.ok()) {
    return absl::Status(log.status().code(),
                        absl::StrCat(path, ": ", log.status().message()));
  }
  absl::StatusOr<std::unique_ptr<sim::FileSink>> file =
      sim::FileSink::Open(path);
  if (!file.ok()) return file.status();
  if (absl::Status status = (*file)->Append(log->text); !status.ok()) {
    return status;
  }
  for (const std::string& note : log->notes) {
    terminal.Note(absl::StrCat(path, ": ", note));
  }
  return (*file)->Close();
}

int RunConvert(const Args& args, Terminal& terminal) {
  const std::string& out = args.operands()[1];
  const absl::StatusOr<Trace> trace = ReadTraceFile(args.operands()[0]);
  if (!trace.ok()) return terminal.Fail(trace.status());
  if (out == "-") {  // Terminal knows what to do when its reader goes away
    terminal.Write(TraceToText(*trace));
    return kFine;
  }
  const absl::Status status = absl::EndsWith(out, ".log")
                                  ? WriteQemuLog(out, *trace, terminal)
                                  : WriteTraceFile(out, *trace);
  return status.ok() ? kFine : terminal.Fail(status);
}

}  // namespace

constinit const Command kConvertCommand = {
    .name = "convert",
    .summary = "a trace from text to binary or back, or to a QEMU log",
    .operands = {"IN OUT", 2, 2},
    .flags = {},
    .details =
        "What IN holds is told from its bytes. OUT is binary when its name "
        "ends\n"
        "in .pb, as .trace.pb does, else text; - is standard output, as text.\n"
        "Between these nothing is lost.\n"
        "\n"
        "An OUT that ends in .log is the log that QEMU's -trace "
        "'vhost_vdpa_*'\n"
        "would have written: what the listener heard and sent, for import. It\n"
        "has nothing of the guest, the device and the kernel's answers.",
    .examples =
        "iovalab convert run.trace.pb run.trace\n"
        "iovalab convert run.trace run.trace.pb\n"
        "iovalab convert run.trace.pb - | less\n"
        "iovalab convert run.trace run.log && iovalab import run.log --predict",
    .run = RunConvert,
};

}  // namespace iovalab
