// Held requests are released, and host buffers unmapped, in an order that can
// be.

#include <vector>

#include "absl/strings/str_cat.h"
#include "lab/scenario/scenario_check.h"
#include "lab/scenario/scenario_time.h"

namespace iovalab {
namespace {

// Each held request is released at most once, by a step that can come after it.
absl::Status CheckReleases(const Loading& l,
                           const std::vector<StepTime>& times) {
  std::vector<uint32_t> released(l.out->steps.size(), kNoIndex);
  for (uint32_t i = 0; i < l.out->steps.size(); ++i) {
    const StepSpec& step = l.out->steps[i];
    if (step.kind != StepKind::kRelease) continue;
    const StepSpec& post = l.out->steps[step.post];
    const Place at =
        Place().At("step", static_cast<int>(i)).At("release").At("post");
    if (released[step.post] != kNoIndex) {
      return l.where.Error(
          at, absl::StrCat(Quote(post.label), " is released by ",
                           Quote(l.out->steps[released[step.post]].label),
                           " already; once is enough"));
    }
    released[step.post] = i;
    if (step.post > i || CertainlyBefore(times[i], times[step.post])) {
      return l.where.Error(at, absl::StrCat(Quote(post.label),
                                            " comes later; a release comes "
                                            "after its post"));
    }
  }
  return absl::OkStatus();
}

// The n-th host_unmap of a buffer undoes its n-th host_map.
absl::Status CheckHostMaps(const Loading& l,
                           const std::vector<StepTime>& times) {
  struct Maps {
    std::vector<uint32_t> steps;
    size_t undone = 0;
  };
  std::vector<Maps> maps(l.out->host_buffers.size());
  for (uint32_t i = 0; i < l.out->steps.size(); ++i) {
    const StepSpec& step = l.out->steps[i];
    if (step.kind == StepKind::kHostMap)
      maps[step.host_buffer].steps.push_back(i);
    if (step.kind != StepKind::kHostUnmap) continue;
    Maps& of = maps[step.host_buffer];
    if (of.undone == of.steps.size() ||
        CertainlyBefore(times[i], times[of.steps[of.undone]])) {
      return l.where.Error(
          Place()
              .At("step", static_cast<int>(i))
              .At("host_unmap")
              .At("host_buffer"),
          absl::StrCat(Quote(l.out->host_buffers[step.host_buffer].name),
                       " is not mapped then; a host_map of it comes first"));
    }
    // The queue that it was mapped for is the one that it is unmapped for.
    l.out->steps[i].asid = l.out->steps[of.steps[of.undone]].asid;
    ++of.undone;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckOrder(const Loading& l, const std::vector<StepTime>& times) {
  if (absl::Status s = CheckReleases(l, times); !s.ok()) return s;
  return CheckHostMaps(l, times);
}

}  // namespace iovalab
