#ifndef IOVALAB_CLI_LIST_LIST_EVENTS_H_
#define IOVALAB_CLI_LIST_LIST_EVENTS_H_

// `iovalab list events`: the tables of model/event, for people.

#include "absl/status/status.h"
#include "cli/args.h"
#include "cli/terminal/terminal.h"

namespace iovalab {

absl::Status ListEvents(const Args& args, Terminal& terminal);

}  // namespace iovalab

#endif  // IOVALAB_CLI_LIST_LIST_EVENTS_H_
