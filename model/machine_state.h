#ifndef IOVALAB_MODEL_MACHINE_STATE_H_
#define IOVALAB_MODEL_MACHINE_STATE_H_

// Machine: the state of a running simulation and its operations, scheduled as
// data. Only model/machine*.cc include this; users call RunScenario.
//
// The VMM is one thread: its jobs (transactions, translations) run one after
// another; guest and device act beside it.
//
// Invariants: every event of the trace but a step's own has a cause; stores
// change through a Sink alone; after every operation the invariants were
// checked.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "model/device/dma.h"
#include "model/device/vdpa_device.h"
#include "model/host/host_memory.h"
#include "model/iommu/context.h"
#include "model/iommu/fault_queue.h"
#include "model/iommu/translation_unit.h"
#include "model/kernel/vhost_vdpa.h"
#include "model/machine.h"
#include "model/machine_op.h"
#include "model/machine_request.h"
#include "model/machine_ring.h"
#include "model/oracle/cache_invariant.h"
#include "model/oracle/guest_view.h"
#include "model/oracle/invariants.h"
#include "model/oracle/judge.h"
#include "model/oracle/ledger.h"
#include "model/vmm/address_space.h"
#include "model/vmm/listener.h"
#include "model/vmm/memory.h"
#include "model/vmm/svq.h"
#include "sim/event_queue.h"
#include "sim/random.h"

namespace iovalab {

// Of the platform IOMMU behind which the device is; null: there is none.
const IommuDriver* IommuDriverOf(const RunPolicies& policies);

class Machine {
 public:
  Machine(const Scenario& scenario, const RunPolicies& policies, uint64_t seed,
          const RunLimits& limits);
  RunResult Run();

 private:
  using Op = MachineOp;
  using Job = MachineJob;
  // What the device made of a request.
  struct CommandDone {
    bool dropped = false;  // never completed
    uint64_t written = 0;
    int err = 0;
    uint32_t used_len = 0;
  };
  struct Delivery {
    Section section;
    bool add = false;
    bool of_listener = false;  // it comes or goes; the view stays
  };
  struct StepState {
    EventIndex event = kNoEventIndex;
    uint32_t name = 0;               // interned label, once it began
    uint32_t first_then = kNoIndex;  // the first step that waits for this one,
    uint32_t next_then = kNoIndex;   // and the next that waits for the same
    uint32_t request = kNoIndex;     // kPost
    uint32_t release = kNoIndex;     // kPost: step that waits to release it
    bool released = false;           // kPost: some step releases it
    bool finished = false;
    uint32_t changed = 0;  // kMemory: regions, of one that does them each
  };

  // machine.cc: set-up, the loop, the end; machine_dispatch.cc: what runs when.
  void BuildHost();
  void Start();
  void LinkSteps();
  void ScheduleTimedStep();
  // The sink, for an operation that begins: one at a time.
  Sink& Begin(int64_t now, EventIndex cause, bool watch = false);
  void Dispatch(int64_t now, const Job& job);
  void Resume(int64_t now);
  void Do(int64_t now, const Job& job);
  void Schedule(int64_t at, sim::Priority priority, const Job& job);
  // The VMM's thread takes the job when it is done with those before it.
  void EnqueueVmm(int64_t now, const Job& job);
  void StartVmm(int64_t now, const Job& job);
  void VmmDone(int64_t now);
  void Report(Sink& sink, const Violation& violation);
  void EndOperation(Sink& sink, const std::vector<uint32_t>& touched);
  void End(Sink& sink);
  // Counts an event; false, and the run stops, where that passes a bound.
  bool Afford();
  void Crash(Sink& sink, Ended ended, absl::string_view why);

  // machine_steps.cc: what steps do.
  void BeginStep(int64_t now, uint32_t index);
  void FinishStep(int64_t now, uint32_t index);
  void BeginPost(int64_t now, uint32_t index, EventIndex event);
  void CutBuffers(Request& request);
  void CutBuffer(Request& request, uint64_t gpa, uint64_t length,
                 bool writable);
  void BeginRelease(int64_t now, uint32_t index);
  void BeginProbe(int64_t now, uint32_t index, EventIndex event);
  uint32_t TakeRequest(uint32_t step);
  void GiveRequest(uint32_t request);

  // machine_vmm.cc: the VMM's thread.
  Section MakeSection(const FlatRange& flat);
  std::vector<Entry> GuestSections(const FlatView& view) const;
  void Commit(int64_t now, uint32_t step, EventIndex cause);
  void Change(uint32_t step);
  bool MoreToChange(uint32_t step) const;
  void ScheduleDeliveries(int64_t now, uint32_t step, EventIndex cause);
  void Deliver(int64_t now, uint32_t step, uint32_t index, EventIndex cause);
  void Delivered(int64_t now, uint32_t step, EventIndex cause);
  void DeliverOne(Sink& sink, const Delivery& delivery);
  void ChangeFlatView(Sink& sink, const Delivery& delivery);
  int Send(Sink& sink, const KernelRequest& request);
  void SvqAdd(int64_t now, uint32_t request, EventIndex cause);
  void HostMap(int64_t now, uint32_t step, EventIndex cause);
  // machine_vmm_device.cc: what else the VMM does for its device.
  void Notify(int64_t now, uint32_t step, EventIndex cause);
  void Discard(int64_t now, uint32_t step, EventIndex cause);
  void Reset(int64_t now, uint32_t step, EventIndex cause);
  void Refused(int64_t now, uint32_t request);
  void RejectBuffer(Sink& sink, const Request& request, uint32_t segment,
                    const SvqBuffer& buffer, Rule rule);

  // machine_device.cc: the device; machine_facts.cc: what the oracle is told.
  void Doorbell(int64_t now, uint32_t request, EventIndex cause);
  void StartWork(int64_t now, uint32_t request);
  void DeviceWork(int64_t now, uint32_t request, EventIndex cause);
  // What a request's descriptors come to, in bytes written and errno.
  std::pair<uint64_t, int> DoDescriptors(Sink& sink, const Request& request);
  // `control`: where its bytes go or come from; null: of a payload.
  std::pair<uint64_t, int> DoDescriptor(Sink& sink, const Request& request,
                                        const Descriptor& descriptor,
                                        ControlTransfer* control);
  void EmitDma(Sink& sink, uint32_t name, uint32_t segment, uint8_t asid,
               const DmaPiece& piece, bool write, const AccessFacts& facts,
               uint64_t meant_gpa, uint64_t meant_hva = 0);
  void RecordPiece(Sink& sink, const Request& request, uint32_t segment,
                   const DmaPiece& piece, bool write, const MeantPiece* meant,
                   uint64_t offset);
  AccessFacts ProbeFacts(const DmaPiece& piece, bool write, uint8_t asid) const;
  // The access, which went past the kernel's tables, reached what they mean.
  bool LandsAsGranted(const DmaPiece& piece, uint8_t asid) const;
  // machine_host_request.cc: requests of the VMM's own.
  void HostPost(int64_t now, uint32_t step, EventIndex cause);
  bool HostMapped(uint64_t hva, bool write, uint8_t asid) const;
  bool CutHostPieces(Request& request);
  void RejectHost(Sink& sink, const Request& request, uint32_t segment,
                  const HostPieceSpec& piece, Rule rule);
  AccessFacts HostFacts(const DmaPiece& piece, const MeantPiece& meant,
                        uint64_t offset, uint8_t asid) const;

  AccessFacts FactsOf(const DmaPiece& piece, const MeantPiece& meant,
                      uint64_t offset) const;
  // Whether an access goes through an entry of L3's that L2 has no more, or of
  // L4's that L3 has no more, and up to which IOVA that stays so.
  bool Dropped(const DmaPiece& piece, uint8_t asid, uint64_t* last) const;
  void CutWhereDropped(uint8_t asid);  // pieces_
  // A batch is open in which the device keeps its former table.
  bool DeviceLags() const {
    return vdpa_.in_batch && policies_.device.map_api == MapApi::kSetMap;
  }
  uint64_t HvaOf(const ObjectOffset& memory) const;
  void Count(AccessClass access_class, bool deserved);
  void WriteMemory(Sink& sink, const DmaPiece& piece);

  // machine_ring.cc: DRIVER_OK, and the guest's side of its rings.
  bool ListenerAtInit() const;
  void StartRings(Sink& sink);
  void DriverOk(int64_t now, uint32_t step, EventIndex cause);
  bool ClearRing(Sink& sink, uint32_t queue, RingVia via);
  std::optional<uint64_t> MapRing(Sink& sink, uint32_t host_buffer,
                                  bool readonly, uint8_t asid, Rule rule);
  void RingPost(int64_t now, uint32_t request, EventIndex event);
  void GuestSubmit(int64_t now, Sink& sink, uint32_t queue);
  // Of `queue`; nothing where it was told and has not looked yet.
  void Tell(int64_t now, RingEvent whom, uint32_t queue, EventIndex cause);
  void Heed(RingEvent whom, uint32_t queue);
  void GuestKick(int64_t now, Sink& sink, uint32_t queue);
  void BeginRingWrite(int64_t now, uint32_t index, EventIndex event);
  void GuestCall(int64_t now, uint32_t queue, EventIndex cause);
  bool TakeRaw(int64_t now, uint32_t queue, uint32_t head);
  void RingBad(Sink& sink, Actor actor, uint32_t queue, bool shadow, Rule rule,
               uint64_t value, int err);

  // machine_ring_memory.cc: how each actor reaches a ring.
  RingMemory ReachRing(RingSide* side);
  bool RingRead(const RingSide& side, const RingPlace& at, RingWords* words);
  bool RingWrite(const RingSide& side, const RingPlace& at,
                 const RingWords& words);
  bool RingSpans(const RingSide& side, const RingPlace& at, bool write);
  bool GuestSpans(const IntervalTable& view, uint64_t gpa, uint64_t length);
  void HvaSpans(uint64_t hva, uint64_t length);
  bool DeviceSpans(const RingSide& side, const RingPlace& at, bool write);
  AccessFacts RingFacts(const RingSide& side, const RingPlace& at,
                        const DmaPiece& piece, bool write, uint64_t* gpa) const;
  void EmitRing(const RingSide& side, const RingPlace& at, bool write,
                const RingWords& words);

  // machine_ring_vmm.cc: the shadow virtqueue.
  void SvqKick(int64_t now, uint32_t queue, EventIndex cause);
  void SvqForward(int64_t now, Sink& sink, uint32_t queue);
  std::optional<uint32_t> SvqNext(Sink& sink, uint32_t queue);
  bool SvqMapped(Sink& sink, const Request& request);
  void SvqNotify(int64_t now, Sink& sink, uint32_t queue);
  int SvqAddElement(int64_t now, Sink& sink, uint32_t queue, uint32_t request);
  void SvqQuiet(Sink& sink, uint32_t queue, bool quiet);
  void SvqCall(int64_t now, uint32_t queue, EventIndex cause);

  // machine_ring_device.cc: the device takes chains and gives them back.
  void RingTake(int64_t now, uint32_t queue, EventIndex cause);
  void RingStart(int64_t now, uint32_t request);
  void RingWork(int64_t now, uint32_t queue, EventIndex cause);
  void RingComplete(int64_t now, Sink& sink, uint32_t queue, uint32_t request,
                    const CommandDone& done);
  uint32_t ClaimGuest(uint32_t queue, const RingChain& chain, bool vmm);
  void TakeChain(Request& request, const RingChain& chain);
  uint32_t ClaimShadow(uint32_t queue, const RingChain& chain);
  uint32_t WildRequest(uint32_t queue, uint32_t step);

  // machine_control_queue.cc: a control queue that the VMM shadows command by
  // command, and its device.
  bool StartControl(Sink& sink, uint32_t queue);
  void ControlKick(int64_t now, uint32_t queue, EventIndex cause);
  void ControlCall(int64_t now, uint32_t queue, EventIndex cause);
  void ControlPoll(int64_t now, uint32_t queue, EventIndex cause);
  void ControlForward(int64_t now, Sink& sink, uint32_t queue);
  int ControlAdd(int64_t now, Sink& sink, uint32_t queue, uint32_t request);
  uint64_t ControlCopy(Sink& sink, uint32_t queue, Request& request);
  int ControlPost(int64_t now, Sink& sink, uint32_t queue, uint32_t request,
                  uint64_t length);
  void ControlAnswer(int64_t now, Sink& sink, uint32_t queue, uint32_t request,
                     uint8_t ack, Rule rule);
  void ControlTaken(Sink& sink, uint32_t queue, const Request& request);
  CommandDone DoCommand(Sink& sink, uint32_t queue, const Request& request);
  void MoveControl(Sink& sink, const DmaPiece& piece, bool write,
                   ControlTransfer& control);
  // machine_control_memory.cc: bytes of the VMM's and the guest's memory.
  uint64_t ReadHost(uint64_t hva, uint32_t bytes);
  void WriteHost(Sink& sink, uint64_t hva, uint64_t value, uint32_t bytes);
  void ClearHost(Sink& sink, uint64_t hva, uint64_t length);
  void CopyHost(Sink& sink, uint64_t from, uint64_t to, uint64_t length);
  void WriteData(Sink& sink, const BufferSpec& buffer);

  // machine_context.cc: what the platform's IOMMU knows of the device.
  bool UsesContexts() const;
  void StartContexts(Sink& sink);
  void TakeContext(ContextKind kind);
  void BeginContext(int64_t now, uint32_t index, EventIndex event);
  void BeginPoison(int64_t now, uint32_t index, EventIndex event);
  FaultPlace PlaceOf(const DmaPiece& piece) const;

  // machine_iommu.cc: the platform's IOMMU.
  void SetUpIommu();
  PlatformIommu Platform(std::optional<uint32_t> pasid = {});
  // The access that `piece` stands for was refused.
  void IommuRefuses(Sink& sink, uint32_t request, const DmaPiece& piece,
                    bool write);

  FaultFate PushFault(Sink& sink, DmaFault fault,
                      std::optional<uint32_t> pasid);

  // machine_invalidate.cc: invalidations of its caches.
  void HandOver(Sink& sink, bool vmm_waits = true);
  void TakeDone(int64_t until, Sink& sink);
  void Invalidated(int64_t now, EventIndex cause);
  void FlushTimerFires(int64_t now, EventIndex cause);
  void Return(int64_t now, uint32_t step);
  // Where software waits for no invalidation and has none to ask for.
  void NoteUnmapping(int64_t now, const std::vector<Sink::Change>& changes);
  // An unmap of the IOVA has not returned.
  bool IsUnmapping(uint64_t iova) const;
  void CheckCaches(Sink& sink, const std::vector<Sink::Change>& changes);

  const Scenario& scenario_;
  const RunPolicies& policies_;
  const RunLimits& limits_;
  sim::EventQueue<Job> queue_;
  sim::Random jitter_;
  RunResult result_;

  HostMemory host_;
  RamBlockIndex blocks_{false};
  AddressSpace space_;
  ListenerProfile listener_profile_;
  ListenerState listener_;
  bool listening_ = false;  // deliveries reach the listener
  bool vmm_busy_ = false;
  std::deque<Job> vmm_jobs_;  // that wait for the VMM's thread
  std::deque<Job> held_;      // that wait for its system call to return
  VhostVdpa vdpa_;
  VdpaDevice device_;
  std::vector<Request> requests_;
  std::vector<uint32_t> free_requests_;  // over, and nobody asks for them
  std::deque<uint32_t> waiting_;         // requests beyond the device's limit
  uint32_t in_flight_ = 0;
  GuestView guest_;
  Ledger ledger_;
  Invariants invariants_;
  // By asid: device IOVA -> event that took its entry away.
  std::vector<OverwriteMap> removed_;
  std::vector<StepState> steps_;
  // Steps with times of their own, by time; one at a time is in the queue.
  std::vector<uint32_t> timed_;
  size_t next_timed_ = 0;
  std::vector<Delivery> deliveries_;  // of the transaction under way
  bool stopped_ = false;
  uint64_t events_ = 0;

  Sink sink_{&result_.stores, &result_.trace};
  std::vector<uint32_t> touched_;   // owners touched by the operation
  std::vector<DmaPiece> pieces_;    // scratch
  std::vector<SvqBuffer> buffers_;  // scratch

  std::vector<RingQueue> queues_;
  std::vector<QueuePlace> places_;   // of the queues
  sim::Random order_;                // of completion, where it is out of order
  bool vmm_broken_ = false;          // the VMM gave its virtio device up
  std::vector<RingSpan> spans_;      // scratch
  std::vector<RingBuffer> to_ring_;  // scratch
  FaultQueue faults_;
  int64_t faults_taken_ = 0;  // when the driver takes those that wait
  std::optional<FaultDialect> dialect_;  // of its faults
  // What it knows of the device, as the driver calls it, and as hardware finds
  // it: of requests without a PASID and of those with one.
  ContextKind domain_kind_ = ContextKind::kTranslated;
  DeviceContext context_, pasid_context_;
  bool contexts_ = false;  // they matter

  TranslationUnit unit_;
  struct Asked {
    EventIndex event;  // that tells of it
    uint64_t end;      // id after its last command's
    int64_t done;      // when that is done
  };
  std::deque<Asked> asked_;  // of the hardware, not done yet
  struct Unmapping {
    uint64_t first, last;  // IOVAs
    int64_t until;         // when the unmap returns
  };
  std::vector<Unmapping> unmapping_;
  int64_t kernel_until_ = 0;  // the VMM's thread waits in the kernel
  int64_t flush_timer_ = -1;  // when the last one scheduled fires
  CacheInvariant cache_invariant_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_MACHINE_STATE_H_
