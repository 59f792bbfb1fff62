#ifndef IOVALAB_CLI_VERSION_H_
#define IOVALAB_CLI_VERSION_H_

// The tool's version: what `iovalab version` prints and traces name.
//
// Not for: the version of a trace's schema, which changes on its own.

#include "absl/strings/string_view.h"

namespace iovalab {

inline constexpr absl::string_view kVersion = "0.1.0";

// What traces name as their writer.
inline constexpr absl::string_view kToolName = "iovalab 0.1.0";

}  // namespace iovalab

#endif  // IOVALAB_CLI_VERSION_H_
