// What the steps of a scenario do.

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/host/vma.h"
#include "model/machine_state.h"
#include "sim/check.h"

namespace iovalab {
namespace {

constexpr size_t kNamesSaid = 8;

std::string Names(const Scenario& scenario, absl::string_view verb,
                  const std::vector<uint32_t>& regions) {
  if (regions.empty()) return "";
  if (regions.size() > kNamesSaid) {
    return absl::StrCat(" ", verb, " ", scenario.regions[regions.front()].name,
                        " to ", scenario.regions[regions.back()].name, " (",
                        regions.size(), " regions)");
  }
  return absl::StrCat(
      " ", verb, " ",
      absl::StrJoin(regions, ", ", [&](std::string* out, uint32_t region) {
        absl::StrAppend(out, scenario.regions[region].name);
      }));
}

std::string InSpace(uint32_t asid) {
  return asid == 0 ? "" : absl::StrCat(" in address space ", asid);
}

absl::string_view ContextSays(ContextSpec kind) {
  switch (kind) {
    case ContextSpec::kNone:
      return "the host's driver takes the device's context away";
    case ContextSpec::kBlocked:
      return "the host's driver puts the device into a blocking domain";
    case ContextSpec::kIdentity:
      return "the host's driver puts the device into the identity domain";
    case ContextSpec::kTranslated:
      return "the host's driver puts the device back into vhost-vdpa's domain";
  }
  return "";
}

// The step in a few words, for people. What has to be put together is put into
// `text`.
absl::string_view Says(const Scenario& scenario, const StepSpec& step,
                       std::string* text) {
  switch (step.kind) {
    case StepKind::kMemory:
      return *text = absl::StrCat(
                 step.each ? "a memory transaction each:"
                           : "memory transaction:",
                 Names(scenario, "disable", step.disable),
                 Names(scenario, "enable", step.enable),
                 Names(scenario, "make readonly", step.make_readonly),
                 Names(scenario, "make writable", step.make_writable));
    case StepKind::kPost:
      return step.hold ? "the guest posts a request; the device holds it"
                       : "the guest posts a request";
    case StepKind::kRelease:
      return *text = absl::StrCat("the device goes on with ",
                                  scenario.steps[step.post].label);
    case StepKind::kProbe:
      if (!step.pasid) return "the device accesses an IOVA unasked";
      return *text = absl::StrCat("the device accesses an IOVA unasked, PASID ",
                                  *step.pasid);
    case StepKind::kContext:
      return ContextSays(step.context);
    case StepKind::kPoison:
      return "an entry of the IOMMU's tables is damaged";
    case StepKind::kHostMap:
      return *text = absl::StrCat("the VMM maps ",
                                  scenario.host_buffers[step.host_buffer].name,
                                  InSpace(step.asid));
    case StepKind::kHostUnmap:
      return *text = absl::StrCat("the VMM unmaps ",
                                  scenario.host_buffers[step.host_buffer].name,
                                  InSpace(step.asid));
    case StepKind::kViommu:
      return step.unmap ? "the guest unmaps a range in its vIOMMU"
                        : "the guest maps a range in its vIOMMU";
    case StepKind::kDiscard:
      return "the guest's balloon gives pages back";
    case StepKind::kReset:
      return "the VMM resets the device";
    case StepKind::kHostPost:
      return step.hold
                 ? "the VMM posts a request of its own; the device holds it"
                 : "the VMM posts a request of its own";
    case StepKind::kDriverOk:
      return "the guest's driver says DRIVER_OK";
    case StepKind::kRingWrite:
      return "the guest's driver writes its ring by hand";
    case StepKind::kListener:
      return step.again        ? "the VMM registers its memory listener again"
             : step.registered ? "the VMM registers its memory listener"
                               : "the VMM unregisters its memory listener";
  }
  return "";
}

}  // namespace

void Machine::BeginStep(int64_t now, uint32_t index) {
  const StepSpec& step = scenario_.steps[index];
  const bool timed = step.after == kNoIndex;
  if (timed) ScheduleTimedStep();
  Sink& sink = Begin(now, timed ? kNoEventIndex : steps_[step.after].event);
  std::string text;
  const uint32_t name = sink.Intern(step.label);
  const uint32_t says = sink.Intern(Says(scenario_, step, &text));
  const EventIndex event =
      sink.Emit(Kind::kStep, Actor::kScript, Rule::kNone, {name, says});
  steps_[index].event = event;
  steps_[index].name = name;
  switch (step.kind) {
    case StepKind::kMemory:
    case StepKind::kListener:
      return EnqueueVmm(now, {Op::kCommit, index, 0, event});
    case StepKind::kPost:
      return BeginPost(now, index, event);
    case StepKind::kRelease:
      // The VMM may not have handed the request to the device yet.
      if (!steps_[step.post].finished) {
        steps_[step.post].release = index;
        return;
      }
      return BeginRelease(now, index);
    case StepKind::kProbe:
      return BeginProbe(now, index, event);
    case StepKind::kHostMap:
    case StepKind::kHostUnmap:
      return EnqueueVmm(now, {Op::kHostMap, index, 0, event});
    case StepKind::kViommu:
      return EnqueueVmm(now, {Op::kNotify, index, 0, event});
    case StepKind::kDiscard:
      return EnqueueVmm(now, {Op::kDiscard, index, 0, event});
    case StepKind::kReset:
      return EnqueueVmm(now, {Op::kReset, index, 0, event});
    case StepKind::kHostPost:
      return EnqueueVmm(now, {Op::kHostPost, index, 0, event});
    case StepKind::kDriverOk:
      return EnqueueVmm(now, {Op::kDriverOk, index, 0, event});
    case StepKind::kRingWrite:
      return BeginRingWrite(now, index, event);
    case StepKind::kContext:
      return BeginContext(now, index, event);
    case StepKind::kPoison:
      return BeginPoison(now, index, event);
  }
}

void Machine::FinishStep(int64_t now, uint32_t index) {
  StepState& state = steps_[index];
  sim::Check(!state.finished, "a step finishes once");
  state.finished = true;
  if (state.release != kNoIndex) BeginRelease(now, state.release);
  for (uint32_t next = state.first_then; next != kNoIndex;
       next = steps_[next].next_then) {
    Schedule(sim::SaturatingAdd(
                 now, static_cast<int64_t>(scenario_.steps[next].delay_ns)),
             kScriptPriority, {Op::kBeginStep, next, 0, kNoEventIndex});
  }
}

uint32_t Machine::TakeRequest(uint32_t step) {
  uint32_t id = static_cast<uint32_t>(requests_.size());
  if (free_requests_.empty()) {
    requests_.emplace_back();
  } else {
    id = free_requests_.back();
    free_requests_.pop_back();
  }
  Request& request = requests_[id];
  request.name = steps_[step].name;
  request.step = request.finishes = step;
  request.asid = 0;
  request.pasid.reset();
  request.ring = {};
  request.meant.clear();
  request.descriptors.clear();
  return id;
}

// A request that a step may still release is kept.
void Machine::GiveRequest(uint32_t request) {
  if (!steps_[requests_[request].step].released) {
    free_requests_.push_back(request);
  }
}

void Machine::BeginRelease(int64_t now, uint32_t index) {
  const uint32_t request = steps_[scenario_.steps[index].post].request;
  if (request == kNoIndex) return FinishStep(now, index);  // was refused
  requests_[request].finishes = index;
  Doorbell(now, request, steps_[index].event);
}

// What the buffers of a request are, by the guest's view of now.
void Machine::CutBuffers(Request& request) {
  request.meant.clear();
  for (const BufferSpec& buffer : scenario_.steps[request.step].buffers) {
    CutBuffer(request, buffer.gpa.first.value,
              buffer.gpa.last - buffer.gpa.first + 1, buffer.writable);
  }
}

void Machine::CutBuffer(Request& request, uint64_t gpa, uint64_t length,
                        bool writable) {
  buffers_.clear();
  uint64_t bad_gpa = 0;
  const bool mapped =
      MapGuestBuffer(guest_.now(), blocks_, gpa, length, &buffers_, &bad_gpa);
  for (const SvqBuffer& piece : buffers_) {
    MeantPiece meant{piece, writable, true, {}};
    if (const std::optional<Entry> vma =
            result_.stores.Get(kVmaStore).Find(piece.hva)) {
      meant.memory = {static_cast<ObjectIndex>(vma->tag),
                      vma->Translate(piece.hva)};
    }
    request.meant.push_back(meant);
  }
  if (!mapped) {
    request.meant.push_back(
        {{bad_gpa, 0, 0, length - (bad_gpa - gpa)}, writable, false, {}});
  }
}

void Machine::BeginPost(int64_t now, uint32_t index, EventIndex event) {
  const StepSpec& step = scenario_.steps[index];
  Sink& sink = Begin(now, event);
  const uint32_t id = TakeRequest(index);
  Request& request = requests_[id];
  CutBuffers(request);
  const bool shadowed = queues_.empty() ? policies_.strategy->shadow_queue
                                        : places_[step.queue].shadowed;
  // Pieces lie in the order of the buffers.
  uint32_t first = 0;
  for (const BufferSpec& buffer : step.buffers) {
    const uint64_t gpa = buffer.gpa.first.value;
    const uint64_t length = buffer.gpa.last - buffer.gpa.first + 1;
    sink.Emit(Kind::kPost, Actor::kGuest, Rule::kNone,
              {request.name, gpa, length,
               buffer.writable ? kPermWrite : kPermRead, first});
    uint32_t count = 0;
    for (uint64_t left = length; left > 0; ++count) {
      left -= request.meant[first + count].buffer.length;
    }
    // Without a shadow queue the device sees the guest's own descriptors.
    if (!shadowed) {
      request.descriptors.push_back(
          {gpa, length, buffer.writable, first, count});
    }
    first += count;
    if (!buffer.data.empty()) WriteData(sink, buffer);
  }
  if (!queues_.empty()) return RingPost(now, id, event);
  if (policies_.strategy->shadow_queue) {
    return EnqueueVmm(now, {Op::kSvqAdd, id, 0, event});
  }
  steps_[index].request = id;
  if (step.hold) return FinishStep(now, index);
  Doorbell(now, id, event);
}

void Machine::BeginProbe(int64_t now, uint32_t index, EventIndex event) {
  const StepSpec& step = scenario_.steps[index];
  const uint32_t id = TakeRequest(index);
  Request& request = requests_[id];
  request.asid = static_cast<uint8_t>(step.asid);
  request.pasid = step.pasid;
  request.descriptors.push_back({step.iova.first.value,
                                 step.iova.last - step.iova.first + 1,
                                 step.writable, 0, 0});
  Doorbell(now, id, event);
}

}  // namespace iovalab
