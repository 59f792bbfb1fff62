#ifndef IOVALAB_CLI_LIST_LIST_STORES_H_
#define IOVALAB_CLI_LIST_LIST_STORES_H_

// `iovalab list stores`: the table of model/store/store_id.h, for people.

#include "absl/status/status.h"
#include "cli/args.h"
#include "cli/terminal/terminal.h"

namespace iovalab {

absl::Status ListStores(const Args& args, Terminal& terminal);

}  // namespace iovalab

#endif  // IOVALAB_CLI_LIST_LIST_STORES_H_
