// Which operation comes when, and what does it.

#include "model/machine_state.h"
#include "model/profile/latency.h"

namespace iovalab {

bool WaitsForKernel(MachineOp op) {
  switch (op) {
    case MachineOp::kCommit:
    case MachineOp::kDeliver:
    case MachineOp::kDelivered:
    case MachineOp::kSvqAdd:
    case MachineOp::kHostMap:
    case MachineOp::kNotify:
    case MachineOp::kDiscard:
    case MachineOp::kReset:
    case MachineOp::kHostPost:
    case MachineOp::kDriverOk:
    case MachineOp::kSvqKick:
    case MachineOp::kSvqCall:
    case MachineOp::kControlPoll:
      return true;
    default:
      return false;
  }
}

void Machine::Schedule(int64_t at, sim::Priority priority, const Job& job) {
  queue_.Schedule(sim::Time{at}, priority, job);
}

void Machine::EnqueueVmm(int64_t now, const Job& job) {
  if (vmm_busy_) {
    vmm_jobs_.push_back(job);
  } else {
    StartVmm(now, job);
  }
}

void Machine::StartVmm(int64_t now, const Job& job) {
  const bool svq = job.op == Op::kSvqAdd || job.op == Op::kHostPost ||
                   job.op == Op::kSvqKick || job.op == Op::kSvqCall;
  const int64_t cost = job.op == Op::kCommit ? kCommitNs
                       : svq                 ? kSvqAddNs
                                             : kHostMapNs;
  vmm_busy_ = true;
  Schedule(sim::SaturatingAdd(now, cost), kVmmPriority, job);
}

void Machine::VmmDone(int64_t now) {
  vmm_busy_ = false;
  if (vmm_jobs_.empty()) return;
  const Job next = vmm_jobs_.front();
  vmm_jobs_.pop_front();
  StartVmm(now, next);
}

// The VMM's thread does its jobs in their order, whenever the kernel returns.
void Machine::Dispatch(int64_t now, const Job& job) {
  if (!WaitsForKernel(job.op) || (now >= kernel_until_ && held_.empty())) {
    return Do(now, job);
  }
  if (held_.empty()) Schedule(kernel_until_, kVmmPriority, {Op::kResume});
  held_.push_back(job);
}

void Machine::Resume(int64_t now) {
  if (now < kernel_until_) {
    return Schedule(kernel_until_, kVmmPriority, {Op::kResume});
  }
  const Job job = held_.front();
  held_.pop_front();
  if (!held_.empty()) Schedule(now, kVmmPriority, {Op::kResume});
  Do(now, job);
}

void Machine::Do(int64_t now, const Job& job) {
  switch (job.op) {
    case Op::kBeginStep:
      return BeginStep(now, job.a);
    case Op::kCommit:
      return Commit(now, job.a, job.cause);
    case Op::kDeliver:
      return Deliver(now, job.a, job.b, job.cause);
    case Op::kDelivered:
      return Delivered(now, job.a, job.cause);
    case Op::kSvqAdd:
      return SvqAdd(now, job.a, job.cause);
    case Op::kNotify:
      return Notify(now, job.a, job.cause);
    case Op::kDiscard:
      return Discard(now, job.a, job.cause);
    case Op::kReset:
      return Reset(now, job.a, job.cause);
    case Op::kHostMap:
      return HostMap(now, job.a, job.cause);
    case Op::kHostPost:
      return HostPost(now, job.a, job.cause);
    case Op::kDeviceWork:
      return DeviceWork(now, job.a, job.cause);
    case Op::kDriverOk:
      return DriverOk(now, job.a, job.cause);
    case Op::kSvqKick:
      Heed(kVmmKicked, job.a);
      return SvqKick(now, job.a, job.cause);
    case Op::kSvqCall:
      Heed(kVmmCalled, job.a);
      return SvqCall(now, job.a, job.cause);
    case Op::kRingTake:
      Heed(kDeviceKicked, job.a);
      return RingTake(now, job.a, job.cause);
    case Op::kRingWork:
      return RingWork(now, job.a, job.cause);
    case Op::kGuestCall:
      Heed(kGuestCalled, job.a);
      return GuestCall(now, job.a, job.cause);
    case Op::kControlPoll:
      return ControlPoll(now, job.a, job.cause);
    case Op::kInvalidated:
      return Invalidated(now, job.cause);
    case Op::kFlushTimer:
      return FlushTimerFires(now, job.cause);
    case Op::kReturn:
      return Return(now, job.a);
    case Op::kResume:
      return Resume(now);
  }
}

}  // namespace iovalab
