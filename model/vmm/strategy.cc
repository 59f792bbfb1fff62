#include "model/vmm/strategy.h"

namespace iovalab {
namespace {

constexpr const Strategy* kStrategies[] = {
    &kStrategyHva, &kStrategyHvaId,       &kStrategyRamAddr,
    &kStrategyGpa, &kStrategyPassthrough,
};

}  // namespace

const Strategy kStrategyPassthrough = {
    "passthrough",
    "no shadow queue: IOVA = GPA, no tree to ask",
    "QEMU 7.2 and 10.0 logs q35-4g-novga-nosvq (recorded)",
    /*shadow_queue=*/false,
    nullptr,
    nullptr,
    nullptr,
    HostMapApart,
    HostRemoveApart,
    HostFindApart,
    nullptr,
    nullptr,
    FindHostApart,
};

absl::Span<const Strategy* const> Strategies() { return kStrategies; }

const Strategy* StrategyByName(absl::string_view name) {
  for (const Strategy* strategy : kStrategies) {
    if (strategy->name == name) return strategy;
  }
  return nullptr;
}

void EmitLookup(Sink& sink, StoreId store, uint64_t needle,
                uint64_t size_minus_1, const IovaFound& found, Rule rule) {
  const DmaMap node = found.map.value_or(DmaMap());
  sink.Emit(
      Kind::kLookup, Actor::kVmm, rule,
      {store.Pack(), needle, needle + size_minus_1, found.map.has_value(),
       node.iova, node.iova + node.size, node.translated_addr, found.scanned});
}

}  // namespace iovalab
