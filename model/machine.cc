#include "model/machine.h"

#include <algorithm>

#include "model/host/vma.h"
#include "model/machine_state.h"
#include "model/profile/latency.h"
#include "sim/check.h"

namespace iovalab {
namespace {

// Of a step with a time of its own.
int64_t BeginsAt(const StepSpec& step) {
  return static_cast<int64_t>(step.at_ns + step.delay_ns);
}

constexpr uint64_t kProgressEvents = 4096;

// Streams of random numbers.
constexpr uint64_t kJitterStream = 1;
constexpr uint64_t kOrderStream = 2;

MemoryObject ObjectOf(const std::string& name, uint64_t size, bool shared,
                      const std::vector<PhysicalRunSpec>& runs) {
  MemoryObject object;
  object.name = name;
  object.size = size;
  object.kind =
      shared ? MemoryKind::kSharedFile : MemoryKind::kPrivateAnonymous;
  for (const PhysicalRunSpec& run : runs) {
    object.layout.push_back(
        {run.first_offset, run.last_offset, run.chunk, run.hpa, run.stride});
  }
  return object;
}

}  // namespace

Machine::Machine(const Scenario& scenario, const RunPolicies& policies,
                 uint64_t seed, const RunLimits& limits)
    : scenario_(scenario),
      policies_(policies),
      limits_(limits),
      jitter_(seed, kJitterStream),
      space_(scenario.regions),
      invariants_(policies.strategy, !policies.device.use_va,
                  policies.device.address_spaces, IommuDriverOf(policies)),
      removed_(policies.device.address_spaces),
      steps_(scenario.steps.size()),
      queues_(scenario.queues.size()),
      order_(seed, kOrderStream) {
  result_.trace.header.scenario_name = scenario.name;
  result_.trace.header.seed = seed;
  listener_profile_.strategy = policies.strategy;
  listener_profile_.switches = policies.switches;
  // What the device answers to VHOST_VDPA_GET_IOVA_RANGE.
  listener_profile_.iova_range = {
      std::max(scenario.iova_range.first, Iova(policies.device.iova_first)),
      std::min(scenario.iova_range.last, Iova(policies.device.iova_last))};
  listener_profile_.batch = !scenario.no_batch;
  for (const QueueSpec& queue : scenario.queues) {
    places_.push_back(PlaceQueue(queue, policies));
  }
}

Sink& Machine::Begin(int64_t now, EventIndex cause, bool watch) {
  sink_.Begin(now, cause);
  sink_.WatchChanges(watch);
  return sink_;
}

void Machine::BuildHost() {
  Sink& sink = Begin(0, kNoEventIndex);
  const EventIndex start = sink.Emit(
      Kind::kStep, Actor::kScript, Rule::kNone,
      {sink.Intern("start"), sink.Intern("the machine as it is at the start")});
  sink.SetCause(start);
  const auto map = [&](const std::string& name, const Range<Hva>& hva,
                       bool shared, const std::vector<PhysicalRunSpec>& runs) {
    const uint64_t size = hva.last - hva.first + 1;
    const absl::StatusOr<ObjectIndex> object =
        host_.AddObject(ObjectOf(name, size, shared, runs));
    sim::Check(object.ok(), "a validated scenario's memory fits");
    const absl::Status mapped =
        MapVma(host_, hva.first, size, *object, 0, kPermReadWrite, sink);
    sim::Check(mapped.ok(), "a validated scenario's addresses fit");
  };
  for (const RamBlockSpec& block : scenario_.ram_blocks) {
    map(block.name, block.hva, block.shared, block.physical);
    Entry entry;
    entry.first = block.hva.first.value;
    entry.last = block.hva.last.value;
    entry.target = block.ram_addr.value;
    blocks_.Insert(entry);
  }
  for (const HostBufferSpec& buffer : scenario_.host_buffers) {
    map(buffer.name, buffer.hva, true, buffer.physical);
  }
  vdpa_.iova_first = policies_.device.iova_first;
  vdpa_.iova_last = policies_.device.iova_last;
  if (scenario_.memlock) {
    vdpa_.memlock_limit_pages = *scenario_.memlock / kPageSize;
  }
  const VhostVdpaEnv env{policies_.kernel, &policies_.device, &host_};
  VdpaDeviceStart(device_, policies_.device, *policies_.kernel, sink);
  SetUpIommu();
  VhostVdpaOpen(vdpa_, device_, env, sink);
  HandOver(sink);
  TakeDone(kernel_until_, sink);
  StartContexts(sink);
  if (scenario_.max_iotlb_entries) {
    vdpa_.table_limit = *scenario_.max_iotlb_entries;
  }
  sim::Check(VhostVdpaSetOwner(vdpa_) == 0, "the first owner is accepted");
  // Of what QEMU acknowledges, the part that the model knows and the kernel
  // offers: messages may name an address space.
  constexpr uint64_t kAcknowledged =
      kBackendIotlbMsgV2 | kBackendIotlbBatch | kBackendIotlbAsid;
  sim::Check(VhostVdpaSetBackendFeatures(
                 vdpa_, kAcknowledged & policies_.kernel->vdpa_backend_features,
                 env) == 0,
             "a kernel accepts what it offers");
}

// The flat view as it is before the first step, delivered at time 0.
void Machine::Start() {
  Sink& sink = Begin(0, 0, /*watch=*/true);
  const bool at_start =
      std::none_of(scenario_.steps.begin(), scenario_.steps.end(),
                   [](const auto& s) { return s.kind == StepKind::kDriverOk; });
  listening_ =
      !scenario_.listener_off_at_start && (at_start || ListenerAtInit());
  FlatView view;
  for (const auto& [first, flat] : space_.view()) view.push_back(flat);
  guest_.Begin({}, GuestSections(view));
  guest_.End();
  if (at_start && !ListenerAtInit()) StartRings(sink);
  for (const FlatRange& flat : view) {
    DeliverOne(sink, {MakeSection(flat), true});
    EndOperation(sink, touched_);
    sink.SetCause(0);
  }
  ListenerCommit(listener_, [&](const KernelRequest& request) {
    return Send(sink, request);
  });
  EndOperation(sink, {});
  ledger_.Settle();
  if (at_start && ListenerAtInit()) StartRings(sink);
  // Before the first step all this has returned.
  TakeDone(kernel_until_, sink);
  kernel_until_ = 0;
  unit_.queue.busy_until = {};
  LinkSteps();
  ScheduleTimedStep();
}

// Times are known from the start, but a queue that holds all steps would make
// every other event dearer.
void Machine::LinkSteps() {
  for (uint32_t i = static_cast<uint32_t>(scenario_.steps.size()); i-- > 0;) {
    const StepSpec& step = scenario_.steps[i];
    if (step.kind == StepKind::kRelease) steps_[step.post].released = true;
    if (step.after == kNoIndex) {
      timed_.push_back(i);
    } else {
      steps_[i].next_then = steps_[step.after].first_then;
      steps_[step.after].first_then = i;
    }
  }
  std::reverse(timed_.begin(), timed_.end());
  const auto earlier = [&](uint32_t a, uint32_t b) {
    return BeginsAt(scenario_.steps[a]) < BeginsAt(scenario_.steps[b]);
  };
  // Mostly they are in order as they are written.
  if (!std::is_sorted(timed_.begin(), timed_.end(), earlier)) {
    std::stable_sort(timed_.begin(), timed_.end(), earlier);
  }
}

void Machine::ScheduleTimedStep() {
  if (next_timed_ == timed_.size()) return;
  const uint32_t step = timed_[next_timed_++];
  Schedule(BeginsAt(scenario_.steps[step]), kTimedStepPriority,
           {Op::kBeginStep, step, 0, kNoEventIndex});
}

void Machine::Report(Sink& sink, const Violation& v) {
  const EventIndex event =
      sink.Emit(Kind::kViolation, Actor::kOracle, Rule::kNone,
                {static_cast<uint64_t>(v.invariant), v.store.Pack(),
                 v.against.Pack(), v.first, v.last, sink.Intern(v.why)});
  if (result_.first_violation == kNoEventIndex) {
    result_.first_violation = event;
  }
}

void Machine::EndOperation(Sink& sink, const std::vector<uint32_t>& touched) {
  HandOver(sink);
  const std::vector<Sink::Change> changes = sink.TakeChanges();
  for (const Sink::Change& change : changes) {
    const Delta& d = change.delta;
    if (d.op == DeltaOp::kDel && (d.store.kind == StoreKind::kDevice ||
                                  d.store.kind == StoreKind::kIommu)) {
      removed_[d.store.asid].Assign(d.entry.first, d.entry.last, change.event);
    }
  }
  for (const Violation& v : invariants_.Check(result_.stores, ledger_, changes,
                                              touched, DeviceLags())) {
    Report(sink, v);
  }
  NoteUnmapping(sink.time(), changes);
  CheckCaches(sink, changes);
  touched_.clear();
  if (limits_.check_tables) {
    sim::Check(
        IommuTableAgrees(vdpa_.domain.table, result_.stores.Get(kIommuStore),
                         result_.stores.Get(kPoisonStore)),
        "the IOMMU's tables hold what its store shows");
  }
}

void Machine::Crash(Sink& sink, Ended ended, absl::string_view why) {
  sink.Emit(Kind::kCrash,
            ended == Ended::kVmmAbort ? Actor::kVmm : Actor::kKernel,
            Rule::kNone, {static_cast<uint64_t>(ended), sink.Intern(why)});
  result_.ended = ended;
  stopped_ = true;
}

void Machine::End(Sink& sink) {
  if (result_.ended == Ended::kCompleted) {
    for (const Leak& leak : invariants_.Leaks(result_.stores, ledger_)) {
      sink.Emit(Kind::kLeak, Actor::kOracle, Rule::kNone,
                {leak.store.Pack(), leak.first, leak.last, leak.entries});
      Count(AccessClass::kLeak, false);
    }
    for (const StepState& step : steps_) {
      if (!step.finished) result_.ended = Ended::kHang;
    }
  }
  Verdict verdict = WorstVerdict(result_.ended);
  for (size_t c = 0; c < result_.counts.size(); ++c) {
    if (result_.counts[c] == 0) continue;
    verdict = std::max(verdict, WorstVerdict(static_cast<AccessClass>(c)));
  }
  result_.verdict = verdict;
  result_.window_choices = unit_.window.choices;
  result_.trace.header.complete = result_.ended != Ended::kBound;
  sink.Emit(Kind::kEnd, Actor::kOracle, Rule::kNone,
            {static_cast<uint64_t>(result_.ended),
             static_cast<uint64_t>(verdict), result_.stores.fingerprint()});
}

bool Machine::Afford() {
  if (events_ < limits_.max_events &&
      result_.trace.bytes() <= limits_.max_trace_bytes) {
    if (events_++ % kProgressEvents == 0 && limits_.progress.call != nullptr) {
      limits_.progress.call(limits_.progress.context, events_);
    }
    return true;
  }
  result_.ended = Ended::kBound;
  stopped_ = true;
  return false;
}

RunResult Machine::Run() {
  BuildHost();
  Start();
  int64_t now = 0;
  EventIndex last = 0;
  while (!queue_.empty() && !stopped_) {
    if (!Afford()) break;
    const auto popped = queue_.Pop();
    now = popped.time.since_start;
    Dispatch(now, popped.payload);
    last = static_cast<EventIndex>(result_.trace.size() - 1);
  }
  // The end belongs to the step that the last event belongs to.
  End(Begin(now, result_.trace.event(last).root));
  return std::move(result_);
}

RunResult RunScenario(const Scenario& scenario, const RunPolicies& policies,
                      uint64_t seed, const RunLimits& limits) {
  return Machine(scenario, policies, seed, limits).Run();
}

}  // namespace iovalab
