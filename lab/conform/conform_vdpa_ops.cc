#include "lab/conform/conform_vdpa_ops.h"

#include <cerrno>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/types/span.h"
#include "lab/conform/conform_vdpa_call.h"

namespace iovalab {
namespace {

// Far above what was recorded; below what would take long.
constexpr uint64_t kMaxBulk = 100000;

struct TypeName {
  absl::string_view name;
  VdpaMsgType type;
};
constexpr TypeName kTypes[] = {
    {"miss", VdpaMsgType::kMiss},
    {"update", VdpaMsgType::kUpdate},
    {"invalidate", VdpaMsgType::kInvalidate},
    {"access_fail", VdpaMsgType::kAccessFail},
    {"batch_begin", VdpaMsgType::kBatchBegin},
    {"batch_end", VdpaMsgType::kBatchEnd},
};

VdpaMsgType Type(VdpaOpCall& call) {
  const std::string text = call.args.String("type");
  for (const TypeName& row : kTypes) {
    if (text == row.name) return row.type;
  }
  uint32_t raw = 0;
  if (!absl::SimpleAtoi(text, &raw) || raw > UINT8_MAX) {
    call.args.Fail("type", "is no message type");
  }
  return static_cast<VdpaMsgType>(raw);
}

// vhost_chr_write_iter: a message of either version, perhaps cut short.
void IotlbMsg(VdpaOpCall& call) {
  constexpr int64_t kShortest = 40;
  const int64_t version =
      call.args.Has("msg_version") ? call.args.Int("msg_version") : 2;
  const int64_t length = call.args.Has("len") ? call.args.Int("len") : 72;
  VdpaMsg msg;
  msg.type = Type(call);
  msg.iova = call.args.Hex("iova");
  msg.size = call.args.Hex("size");
  if (call.args.Has("uaddr")) msg.uaddr = call.Address("uaddr");
  if (call.args.Has("perm")) {
    msg.perm = static_cast<uint8_t>(call.args.Hex("perm"));
  }
  if (call.args.Has("asid") && version == 2) {
    msg.asid = static_cast<uint32_t>(call.args.Hex("asid"));
  }
  if (!call.args.ok()) return;
  if ((version != 1 && version != 2) || length < kShortest) {
    call.result.err = -EINVAL;
    return;
  }
  SendVdpaMsg(call, msg);
  TouchVdpa(call.m, msg.iova, msg.size);
}

void Bulk(VdpaOpCall& call) {
  const std::string what = call.args.String("what");
  const int64_t count = call.args.Int("count");
  const uint64_t iova = call.args.Hex("iova");
  const uint64_t step = call.args.Hex("step");
  const uint64_t uaddr = call.Address("uaddr");
  const uint64_t ustep = call.args.Hex("ustep");
  VdpaMsg msg;
  msg.size = call.args.Hex("size");
  msg.perm = kPermReadWrite;
  if (what == "inv") {
    msg.type = VdpaMsgType::kInvalidate;
  } else if (what != "msg") {
    call.args.Fail("what", "is neither msg nor inv");
  }
  if (count < 0 || static_cast<uint64_t>(count) > kMaxBulk) {
    call.args.Fail("count", "must be at most 100000");
  }
  if (!call.args.ok()) return;
  int64_t succeeded = 0;
  int64_t first_failure = -1;
  for (int64_t i = 0; i < count; ++i) {
    msg.iova = iova + static_cast<uint64_t>(i) * step;
    msg.uaddr = uaddr + static_cast<uint64_t>(i) * ustep;
    SendVdpaMsg(call, msg);
    if (call.result.err == 0) {
      ++succeeded;
    } else if (first_failure < 0) {
      first_failure = i;
    }
  }
  call.result.out = {{"succeeded", succeeded},
                     {"first_failure_index", first_failure}};
}

constexpr VdpaOpRow kMessages[] = {
    {"iotlb_msg", IotlbMsg},
    {"bulk", Bulk},
};

}  // namespace

void SendVdpaMsg(VdpaOpCall& call, const VdpaMsg& msg) {
  const VdpaAnswer answer = call.m.Send(msg);
  call.result.err = answer.user_ret;
  // An UPDATE of size 0 does not reach the handler.
  const bool reached = msg.type != VdpaMsgType::kUpdate || msg.size != 0;
  if (reached) call.result.kernel_ret = answer.kernel_ret;
  call.result.maps = true;
}

absl::StatusOr<VdpaOpResult> RunVdpaOp(VdpaMachine& m,
                                       const JsonRecord& record) {
  JsonFields fields(record);
  const std::string name = fields.String("op");
  if (!fields.ok()) return fields.status();
  const auto args = record.object.find("args");
  if (args == record.object.end() || !args->is_object()) {
    return record.Error("field \"args\": is missing or no object");
  }
  const JsonRecord arguments{record.file, record.line, *args};
  VdpaOpCall call{m, JsonFields(arguments), {}};
  for (const auto& group :
       {absl::MakeConstSpan(kMessages), VdpaIoctls(), VdpaAccesses()}) {
    for (const VdpaOpRow& op : group) {
      if (name != op.name) continue;
      op.run(call);
      if (!call.args.ok()) return call.args.status();
      return call.result;
    }
  }
  call.result.supported = false;
  return call.result;
}

}  // namespace iovalab
