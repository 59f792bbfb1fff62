#include "model/kernel/vhost_vdpa.h"

#include <cerrno>
#include <utility>

#include "model/kernel/vhost_vdpa_map.h"
#include "sim/check.h"

namespace iovalab {
namespace {

// Fields of Kind::kVdpaMsg that are known afterwards (kinds.cc).
constexpr size_t kFieldErr = 6;
constexpr size_t kFieldUserErr = 7;
constexpr size_t kFieldEntries = 8;
constexpr size_t kFieldPages = 9;
constexpr size_t kFieldFlushes = 10;

uint64_t Word(int64_t v) { return static_cast<uint64_t>(v); }

EventIndex EmitMessage(const VdpaMsg& msg, uint32_t asid, Sink& sink) {
  const bool batch = msg.type == VdpaMsgType::kBatchBegin ||
                     msg.type == VdpaMsgType::kBatchEnd;
  const bool invalidate = msg.type == VdpaMsgType::kInvalidate;
  const bool range_only = batch || invalidate;
  return sink.Emit(
      Kind::kVdpaMsg, Actor::kKernel, Rule::kNone,
      {static_cast<uint64_t>(msg.type), asid, batch ? UINT64_MAX : msg.iova,
       batch ? UINT64_MAX : msg.size, range_only ? 0 : msg.uaddr,
       range_only ? 0 : msg.perm, 0, 0, 0, 0, 0});
}

// The AS that the message is for, in the order of the kernel's checks. UPDATE
// and BATCH_BEGIN create it, even where a later check fails.
int FindAddressSpace(VhostVdpa& v, VdpaMsgType type, uint32_t asid,
                     Rule& rule) {
  rule = Rule::kVdpaOwner;
  if (!v.has_owner || !v.caller_is_owner) return -EPERM;
  rule = Rule::kVdpaAsid;
  if (asid >= v.spaces.size()) return -EINVAL;
  const bool creates =
      type == VdpaMsgType::kUpdate || type == VdpaMsgType::kBatchBegin;
  if (creates) v.spaces[asid].exists = true;
  if (v.in_batch && v.batch_asid != asid) {
    rule = Rule::kVdpaBatchAsid;
    return -EINVAL;
  }
  return v.spaces[asid].exists ? 0 : -EINVAL;
}

// Modulo 2^64, as there; size is not 0.
bool OutsideRange(const VhostVdpa& v, const VdpaMsg& msg) {
  return msg.iova < v.iova_first || msg.iova > UINT64_MAX - msg.size + 1 ||
         msg.iova + msg.size - 1 > v.iova_last;
}

int VhostVdpaProcessIotlbUpdate(VdpaOp& op, const VdpaMsg& msg) {
  if (OutsideRange(op.v, msg)) {
    op.rule = Rule::kVdpaRange;
    return -EINVAL;
  }
  const uint64_t last = msg.iova + msg.size - 1;
  if (op.sink.table(op.iotlb()).FirstIn(msg.iova, last)) {
    op.rule = Rule::kVdpaOverlap;
    return -EEXIST;
  }
  const bool va = op.env.device->use_va;
  const int r = va ? VhostVdpaVaMap(op, msg) : VhostVdpaPaMap(op, msg);
  if (r != 0) return r;
  op.rule = !va             ? Rule::kVdpaPaMap
            : op.added == 0 ? Rule::kVdpaVaSkipped
                            : Rule::kVdpaVaMap;
  return 0;
}

void ProcessInvalidate(VdpaOp& op, const VdpaMsg& msg) {
  const bool plain = msg.size != 0 && msg.iova <= UINT64_MAX - msg.size + 1;
  op.rule = plain ? Rule::kVdpaInvalidate : Rule::kVdpaInvalidateWrap;
  VhostVdpaUnmap(op, msg.iova, msg.size, op.rule);
}

void ProcessBatchEnd(VdpaOp& op) {
  op.rule = Rule::kVdpaBatch;
  if (op.env.device->map_api != MapApi::kSetMap) {
    op.rule = Rule::kVdpaNoBatch;
  } else if (op.v.in_batch) {
    const int r = VdpaSetMap(op.device, op.asid, op.v.spaces[op.asid].changes,
                             *op.env.device, op.sink);
    if (r != 0) op.rule = Rule::kVdpaBatchEndIgnored;
  }
  op.v.in_batch = false;
}

int VhostVdpaProcessIotlbMsg(VdpaOp& op, const VdpaMsg& msg) {
  switch (msg.type) {
    case VdpaMsgType::kUpdate:
      return VhostVdpaProcessIotlbUpdate(op, msg);
    case VdpaMsgType::kInvalidate:
      ProcessInvalidate(op, msg);
      return 0;
    case VdpaMsgType::kBatchBegin:
      op.rule = op.env.device->map_api == MapApi::kSetMap ? Rule::kVdpaBatch
                                                          : Rule::kVdpaNoBatch;
      op.v.in_batch = true;
      op.v.batch_asid = op.asid;
      return 0;
    case VdpaMsgType::kBatchEnd:
      ProcessBatchEnd(op);
      return 0;
    default:
      op.rule = Rule::kVdpaType;
      return -EINVAL;
  }
}

void Finish(const VdpaAnswer& answer, Rule rule, EventIndex event, Sink& sink) {
  sink.SetWord(event, kFieldErr, Word(answer.kernel_ret));
  sink.SetWord(event, kFieldUserErr, Word(answer.user_ret));
  sink.SetWord(event, kFieldEntries, answer.entries);
  sink.SetWord(event, kFieldPages, Word(answer.pages));
  sink.SetWord(event, kFieldFlushes, answer.flushes);
  sink.SetRule(event, rule);
}

void DeviceReset(const VhostVdpa& v, VdpaDevice& device,
                 const VhostVdpaEnv& env, Sink& sink) {
  const bool persist = (v.backend_features & kBackendIotlbPersist) != 0;
  VdpaDeviceReset(device, !persist, *env.device, *env.kernel, sink);
}

}  // namespace

void VhostVdpaOpen(VhostVdpa& v, VdpaDevice& device, const VhostVdpaEnv& env,
                   Sink& sink) {
  sim::Check(device.spaces.size() == env.device->address_spaces,
             "the device was not started");
  const uint64_t memlock = v.memlock_limit_pages;
  IommuDomain domain = std::move(v.domain);
  v = VhostVdpa{};
  v.domain = std::move(domain);
  v.memlock_limit_pages = memlock;
  v.spaces.resize(env.device->address_spaces);
  if (env.kernel->vdpa_space_at_open) v.spaces[0].exists = true;
  v.iova_first = env.device->iova_first;
  v.iova_last = env.device->iova_last;
  v.table_limit = env.kernel->vdpa_table_limit;
  DeviceReset(v, device, env, sink);
  if (env.device->map_api == MapApi::kPlatform) IommuAttach(v.domain, sink);
}

void VhostVdpaRelease(VhostVdpa& v, VdpaDevice& device, const VhostVdpaEnv& env,
                      Sink& sink) {
  v.in_batch = false;
  DeviceReset(v, device, env, sink);
  for (size_t asid = 0; asid < v.spaces.size(); ++asid) {
    if (!v.spaces[asid].exists) continue;
    VdpaOp op{v, device, env, sink, static_cast<uint8_t>(asid)};
    VhostVdpaIotlbUnmap(op, 0, UINT64_MAX, Rule::kVdpaClose);
    device.spaces[asid].published = false;
    if (env.kernel->vdpa_reset_map && env.device->reset_map) {
      VdpaResetMap(device, op.asid, *env.device, *env.kernel, sink);
    }
    v.spaces[asid] = {};
  }
  if (env.device->map_api == MapApi::kPlatform) IommuFree(v.domain, sink);
  v.has_owner = false;
}

int VhostVdpaSetOwner(VhostVdpa& v) {
  if (v.has_owner) return -EBUSY;
  v.has_owner = true;
  return 0;
}

int VhostVdpaSetBackendFeatures(VhostVdpa& v, uint64_t features,
                                const VhostVdpaEnv& env) {
  // Only these depend on the device; the others are the kernel's own.
  constexpr uint64_t kDevices = kBackendSuspend | kBackendResume |
                                kBackendDescAsid | kBackendIotlbPersist;
  if ((features & ~env.kernel->vdpa_backend_features) != 0) return -EOPNOTSUPP;
  if ((features & kBackendDescAsid) != 0 &&
      (features & kBackendIotlbAsid) == 0) {
    return -EINVAL;
  }
  if ((features & kDevices & ~env.device->backend_features) != 0) {
    return -EOPNOTSUPP;
  }
  v.backend_features = features;
  return 0;
}

int VhostVdpaSetStatus(VhostVdpa& v, VdpaDevice& device, uint8_t status,
                       const VhostVdpaEnv& env, Sink& sink) {
  if (status != 0 && (v.status & ~status) != 0) return -EINVAL;
  if (status == 0) DeviceReset(v, device, env, sink);
  v.status = status;
  return 0;
}

VdpaAnswer VhostVdpaStep(VhostVdpa& v, VdpaDevice& device, const VdpaMsg& msg,
                         const VhostVdpaEnv& env, Sink& sink) {
  const bool has_asid = (v.backend_features & kBackendIotlbAsid) != 0;
  const uint32_t asid = has_asid ? msg.asid : 0;
  const EventIndex event = EmitMessage(msg, asid, sink);
  VdpaAnswer answer;
  const uint64_t flushes = v.domain.flushes;
  const bool needs_size = msg.type == VdpaMsgType::kUpdate ||
                          (msg.type == VdpaMsgType::kInvalidate &&
                           env.kernel->vdpa_no_empty_invalidate);
  if (needs_size && msg.size == 0) {
    answer.kernel_ret = answer.user_ret = -EINVAL;
    Finish(answer, Rule::kVdpaSizeZero, event, sink);
    return answer;
  }
  Rule rule;
  answer.kernel_ret = FindAddressSpace(v, msg.type, asid, rule);
  if (answer.kernel_ret == 0) {
    const EventIndex cause = sink.SetCause(event);
    VdpaOp op{v, device, env, sink, static_cast<uint8_t>(asid)};
    answer.kernel_ret = VhostVdpaProcessIotlbMsg(op, msg);
    sink.SetCause(cause);
    rule = op.rule;
    answer.entries = msg.type == VdpaMsgType::kInvalidate ? op.removed
                     : answer.kernel_ret == 0             ? op.added
                                                          : 0;
    answer.pages = op.pages;
    answer.flushes = v.domain.flushes - flushes;
  }
  // Rule::kVdpaFlattened; the event's rule is the one of the error itself.
  answer.user_ret = answer.kernel_ret == 0 ? 0 : -EFAULT;
  Finish(answer, rule, event, sink);
  return answer;
}

}  // namespace iovalab
