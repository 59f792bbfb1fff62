#include "lab/scenario/scenario_limits.h"

namespace iovalab {
namespace {

using L = LoadLimits;

// The bounds of the bounds: indexes are 32 bits, text sizes of protobuf's
// parser an int, and a rendering may recurse once for each level of depth.
constexpr LimitInfo kLimits[] = {
    {"max-bytes", &L::max_bytes, size_t{1} << 30, "bytes of a scenario file"},
    {"max-values", &L::max_values, 100'000'000, "fields in a scenario file"},
    {"max-ram-blocks", &L::max_ram_blocks, 10'000'000,
     "RAM blocks, host buffers and physical runs"},
    {"max-regions", &L::max_regions, 10'000'000, "memory regions"},
    {"max-rendered", &L::max_rendered, 100'000'000,
     "regions and aliases visited to render a flat view"},
    {"max-steps", &L::max_steps, 10'000'000, "steps"},
    {"max-changes", &L::max_changes, 100'000'000,
     "regions that all memory steps change"},
    {"max-buffers", &L::max_buffers, 1'000'000, "buffers of a posted request"},
    {"max-expects", &L::max_expects, 10'000'000, "expect blocks"},
    {"max-depth", &L::max_depth, 1'000,
     "nesting of the text, of aliases and of containers"},
};

}  // namespace

absl::Span<const LimitInfo> LoadLimitTable() { return kLimits; }

}  // namespace iovalab
