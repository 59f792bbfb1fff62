#include "cli/convert.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/output_file.h"
#include "cli/trace_file.h"

namespace iovalab {
namespace {

int RunConvert(const Args& args, Terminal& terminal) {
  const std::string& in = args.operands()[0];
  const std::string& out = args.operands()[1];
  TraceEncoding from;
  const absl::StatusOr<Trace> trace = ReadTrace(in, &from);
  if (!trace.ok()) return terminal.Fail(trace.status());
  // A name without a known ending, standard output above all, gets the other.
  const TraceEncoding otherwise = from == TraceEncoding::kText
                                      ? TraceEncoding::kBinary
                                      : TraceEncoding::kText;
  const absl::Status status = WriteOutput(
      out, EncodeTrace(*trace, EncodingByName(out, otherwise)), terminal);
  return status.ok() ? kFine : terminal.Fail(status);
}

}  // namespace

constinit const Command kConvertCommand = {
    .name = "convert",
    .summary = "a trace from text to binary or back; nothing is lost",
    .operands = {"IN OUT", 2, 2},
    .flags = {},
    .details =
        "What IN holds is told from its bytes, what OUT is to hold from its\n"
        "name: .trace is text, .trace.pb is binary, and any other name, such "
        "as\n"
        "- for standard output, gets the form that IN has not.",
    .examples =
        "iovalab convert run.trace.pb run.trace\n"
        "iovalab convert run.trace.pb - | less",
    .run = RunConvert,
};

}  // namespace iovalab
