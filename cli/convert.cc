#include "cli/convert.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lab/trace/trace_file.h"
#include "lab/trace/trace_text.h"

namespace iovalab {
namespace {

int RunConvert(const Args& args, Terminal& terminal) {
  const std::string& out = args.operands()[1];
  const absl::StatusOr<Trace> trace = ReadTraceFile(args.operands()[0]);
  if (!trace.ok()) return terminal.Fail(trace.status());
  if (out == "-") {  // Terminal knows what to do when its reader goes away
    terminal.Write(TraceToText(*trace));
    return kFine;
  }
  const absl::Status status = WriteTraceFile(out, *trace);
  return status.ok() ? kFine : terminal.Fail(status);
}

}  // namespace

constinit const Command kConvertCommand = {
    .name = "convert",
    .summary = "a trace from text to binary or back; nothing is lost",
    .operands = {"IN OUT", 2, 2},
    .flags = {},
    .details =
        "What IN holds is told from its bytes. OUT is binary when its name "
        "ends\n"
        "in .pb, as .trace.pb does, else text; - is standard output, as text.",
    .examples =
        "iovalab convert run.trace.pb run.trace\n"
        "iovalab convert run.trace run.trace.pb\n"
        "iovalab convert run.trace.pb - | less",
    .run = RunConvert,
};

}  // namespace iovalab
