#ifndef IOVALAB_LAB_SCENARIO_SCENARIO_CHECK_H_
#define IOVALAB_LAB_SCENARIO_SCENARIO_CHECK_H_

// What the checks of a scenario share: where things are, what they are called,
// and the rules for names and ranges.
//
// Not for: callers outside the loader.
//
// Invariants: each check returns the first error, in file order of what it
// looks at; every check is O(n log n) in what the file holds.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "lab/scenario/scenario_limits.h"
#include "lab/scenario/scenario_place.h"
#include "lab/utf8.h"
#include "model/scenario.h"
#include "scenarios/scenario.pb.h"

namespace iovalab {

// Names of one sort of thing, to their indexes. The names' bytes belong to the
// proto.
class NameIndex {
 public:
  // `sort`: what is named, "RAM block".
  explicit NameIndex(absl::string_view sort) : sort_(sort) {}

  // The index that has the name already, or kNoIndex after adding it.
  uint32_t Add(absl::string_view name, uint32_t index);
  uint32_t Find(absl::string_view name) const;
  // 'no region "m4"; did you mean m3?', with a few names when none is near.
  std::string Unknown(absl::string_view name) const;

 private:
  absl::string_view sort_;
  absl::btree_map<absl::string_view, uint32_t> indexes_;
};

// One loading: what comes in, what goes out.
struct Loading {
  const pb::Scenario& in;
  const Locations& where;
  const LoadLimits& limits;
  Scenario* out;

  NameIndex ram_blocks{"RAM block"};
  NameIndex host_buffers{"host buffer"};
  NameIndex regions{"region"};
  NameIndex steps{"step"};
  // Of each region of `out`, the block in the file; arrays make several.
  std::vector<uint32_t> region_block{};
  size_t changes = 0;  // regions that the memory steps so far change
  // Addresses of host buffers, first to last, neighbours joined.
  absl::btree_map<uint64_t, uint64_t> host_hvas{};
};

std::string HexNumber(uint64_t value);

// Letters, digits, '_', '-', '.'; 1 to 128 of them.
absl::Status CheckIdentifier(const Loading& l, const Place& at,
                             absl::string_view name);
// As QEMU's: 1 to 255 bytes of UTF-8 without control characters.
absl::Status CheckName(const Loading& l, const Place& at,
                       absl::string_view name);
// UTF-8 without control characters but line ends and tabs; may be empty.
absl::Status CheckProse(const Loading& l, const Place& at,
                        absl::string_view text);

enum class Align { kAny, kPage };
// The range is there, first <= last, and for kPage begins and ends with a page.
absl::Status CheckRange(const Loading& l, const Place& at, bool present,
                        const pb::Range& range, Align align);
absl::Status CheckPage(const Loading& l, const Place& at, uint64_t value);
// The number names a value: an enum of proto3 takes any.
absl::Status CheckEnum(const Loading& l, const Place& at,
                       const google::protobuf::EnumDescriptor& type, int value);
// At most `most` of the repeated field; `flag` of LoadLimitTable raises it.
absl::Status CheckCount(const Loading& l, absl::string_view field, size_t count,
                        size_t most, absl::string_view flag);

// The checks, in the order in which they run: each fills in its part of
// `l.out` and may rely on those before it.
absl::Status LoadHeader(Loading& l);   // name, vmm, ..., seed, iommu
absl::Status LoadCaches(Loading& l);   // of the iommu
absl::Status LoadMemory(Loading& l);   // RAM blocks and host buffers
absl::Status LoadRegions(Loading& l);  // memory regions
absl::Status LoadRings(Loading& l);    // virtqueues
absl::Status LoadSteps(Loading& l);    // steps and their order
absl::Status CheckAxes(const Loading& l);
absl::Status CheckExpects(const Loading& l);

// scenario_rings.cc: what steps say of virtqueues. The post has its buffers.
absl::Status LoadRingPost(const Loading& l, const Place& at, const pb::Post& in,
                          StepSpec& step);
absl::Status LoadDriverOk(Loading& l, const Place& at, const pb::Step& in,
                          StepSpec& step);
absl::Status LoadRingWrite(Loading& l, const Place& at, const pb::Step& in,
                           StepSpec& step);
// scenario_steps_iommu.cc: processes of the iommu, contexts, damage.
absl::Status LoadProcesses(Loading& l);
// The pasid of a probe.
absl::Status LoadPasid(const Loading& l, const Place& at, const pb::Probe& in,
                       StepSpec& step);
absl::Status LoadContext(Loading& l, const Place& at, const pb::Step& in,
                         StepSpec& step);
absl::Status LoadPoison(Loading& l, const Place& at, const pb::Step& in,
                        StepSpec& step);
// "vq0" and so on, where there is such a queue.
bool IsQueueName(const Loading& l, absl::string_view name);

}  // namespace iovalab

#endif  // IOVALAB_LAB_SCENARIO_SCENARIO_CHECK_H_
