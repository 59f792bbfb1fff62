// What else the VMM does for its device: a vIOMMU's notifications, discards,
// resets.

#include <cerrno>

#include "model/machine_state.h"

namespace iovalab {
namespace {

constexpr StoreId kFlatView{StoreKind::kFlatView, 0};
constexpr StoreId kViommu{StoreKind::kViommu, 0};

// What the guest now maps at these IOVAs, in its own tables.
void ChangeViommu(Sink& sink, const StepSpec& step, uint32_t perm) {
  const uint64_t first = step.iova.first.value;
  const uint64_t last = step.iova.last.value;
  while (const std::optional<Entry> old =
             sink.table(kViommu).FirstIn(first, last)) {
    sink.Del(kViommu, *old, Rule::kNone, Actor::kGuest);
    Entry rest = *old;
    if (old->first < first) {
      rest.last = first - 1;
      sink.Add(kViommu, rest, Rule::kNone, Actor::kGuest);
    }
    if (old->last > last) {
      rest = *old;
      rest.first = last + 1;
      rest.target = old->Translate(rest.first);
      sink.Add(kViommu, rest, Rule::kNone, Actor::kGuest);
    }
  }
  if (perm == kPermNone) return;
  Entry entry;
  entry.first = first;
  entry.last = last;
  entry.target = step.gpa.first.value;
  entry.perm = perm;
  sink.Add(kViommu, entry, Rule::kNone, Actor::kGuest);
}

}  // namespace

void Machine::Notify(int64_t now, uint32_t index, EventIndex cause) {
  const StepSpec& step = scenario_.steps[index];
  VmmDone(now);
  Sink& sink = Begin(now, cause, /*watch=*/true);
  uint32_t perm = step.readonly ? kPermRead : kPermReadWrite;
  if (step.unmap) perm = kPermNone;
  const EventIndex event =
      sink.Emit(Kind::kNotify, Actor::kVmm, Rule::kLsnNotify,
                {step.iova.first.value, step.iova.last.value,
                 step.gpa.first.value, perm});
  sink.SetCause(event);
  ChangeViommu(sink, step, perm);

  IommuNotification n{step.iova.first.value, step.iova.last - step.iova.first,
                      std::nullopt, perm};
  const std::optional<Entry> section =
      result_.stores.Get(kFlatView).Find(step.gpa.first.value);
  if (section && section->last >= step.gpa.last.value) {
    n.hva = section->Translate(step.gpa.first.value);
    n.perm &= section->perm;
  }
  Rule refused = Rule::kNone;
  const int err = IommuNotify(
      n, listener_profile_,
      [&](const KernelRequest& request) { return Send(sink, request); },
      &refused);
  if (err != 0) {
    sink.Emit(Kind::kRegionSkip, Actor::kVmm, refused,
              {sink.Intern("viommu"), n.iova, n.iova + n.size_minus_1});
  } else if (step.unmap) {
    touched_ = ledger_.DropHostsIn(n.iova, n.iova + n.size_minus_1);
  } else {
    touched_.push_back(
        ledger_.AddHost({*n.hva, n.size_minus_1, n.perm}, n.iova));
  }
  EndOperation(sink, touched_);
  Return(now, index);
}

void Machine::Discard(int64_t now, uint32_t index, EventIndex cause) {
  const StepSpec& step = scenario_.steps[index];
  VmmDone(now);
  Sink& sink = Begin(now, cause, /*watch=*/false);
  sink.Emit(Kind::kDiscard, Actor::kVmm, Rule::kLsnDiscard,
            {step.gpa.first.value, step.gpa.last.value,
             static_cast<uint64_t>(int64_t{-EBUSY})});
  FinishStep(now, index);
}

void Machine::Reset(int64_t now, uint32_t index, EventIndex cause) {
  VmmDone(now);
  Sink& sink = Begin(now, cause, /*watch=*/true);
  const EventIndex event =
      sink.Emit(Kind::kReset, Actor::kVmm, Rule::kLsnReset, {0});
  sink.SetCause(event);
  const VhostVdpaEnv env{policies_.kernel, &policies_.device, &host_};
  const int err = VhostVdpaSetStatus(vdpa_, device_, /*status=*/0, env, sink);
  sink.SetWord(event, 0, static_cast<uint64_t>(int64_t{err}));
  for (RingQueue& queue : queues_) queue.started = false;
  EndOperation(sink, touched_);
  Return(now, index);
}

}  // namespace iovalab
