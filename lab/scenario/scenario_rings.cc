// Virtqueues, and the steps that are about them.

#include "absl/strings/str_cat.h"
#include "lab/scenario/scenario_check.h"
#include "model/virtio/split_ring.h"

namespace iovalab {
namespace {

constexpr int kMaxQueues = 64;

// A part of a ring: where it lies, and how.
struct Part {
  absl::string_view field;
  uint64_t address;
  uint64_t align;
  uint64_t bytes;
};

absl::Status CheckPart(const Loading& l, const Place& at, const Part& part) {
  if (part.address % part.align == 0 &&
      part.address <= UINT64_MAX - (part.bytes - 1)) {
    return absl::OkStatus();
  }
  return l.where.Error(
      at.At(part.field),
      absl::StrCat(HexNumber(part.address), "; a multiple of ", part.align,
                   " from which ", part.bytes, " bytes fit below 2^64"));
}

absl::Status CheckApart(const Loading& l, const Place& at, const Part& a,
                        const Part& b) {
  if (a.address - b.address >= b.bytes && b.address - a.address >= a.bytes) {
    return absl::OkStatus();
  }
  return l.where.Error(
      at.At(b.field),
      absl::StrCat(HexNumber(b.address), " lies in ", a.field, ", ", a.bytes,
                   " bytes from ", HexNumber(a.address),
                   "; the parts of a ring do not overlap"));
}

// The host buffer of a shadow ring, `bytes` long when rounded up to pages.
absl::Status LoadArea(const Loading& l, const Place& at,
                      const std::string& name, uint64_t bytes,
                      std::vector<bool>& used, uint32_t* index) {
  *index = l.host_buffers.Find(name);
  if (*index == kNoIndex) {
    return l.where.Error(at, l.host_buffers.Unknown(name));
  }
  if (used[*index]) {
    return l.where.Error(at, absl::StrCat(Quote(name),
                                          " is another area's; each has a host "
                                          "buffer of its own"));
  }
  used[*index] = true;
  const Range<Hva>& hva = l.out->host_buffers[*index].hva;
  const uint64_t wanted = (bytes + kPageSize - 1) / kPageSize * kPageSize;
  if (hva.last - hva.first + 1 == wanted) return absl::OkStatus();
  return l.where.Error(
      at,
      absl::StrCat(Quote(name), " has ", HexNumber(hva.last - hva.first + 1),
                   " bytes; this area takes ", HexNumber(wanted)));
}

absl::Status LoadQueue(Loading& l, int i, std::vector<bool>& used) {
  const pb::Queue& in = l.in.rings().queue(i);
  const Place at = Place().At("rings").At("queue", i);
  const uint32_t size = in.size();
  if (size == 0 || size > kMaxRingSize || (size & (size - 1)) != 0) {
    return l.where.Error(
        at.At("size"),
        absl::StrCat(size, "; a power of two, at most ", kMaxRingSize));
  }
  const Part parts[] = {
      {"desc", in.desc(), kDescAlign, DescTableBytes(size)},
      {"avail", in.avail(), kAvailAlign, AvailBytes(size)},
      {"used", in.used(), kUsedAlign, UsedBytes(size)},
  };
  for (const Part& part : parts) {
    if (absl::Status s = CheckPart(l, at, part); !s.ok()) return s;
  }
  for (const auto& [a, b] : {std::pair{0, 1}, {0, 2}, {1, 2}}) {
    if (absl::Status s = CheckApart(l, at, parts[a], parts[b]); !s.ok()) {
      return s;
    }
  }
  QueueSpec& queue = l.out->queues.emplace_back();
  queue.size = size;
  queue.desc = Gpa(in.desc());
  queue.avail = Gpa(in.avail());
  queue.used = Gpa(in.used());
  if (absl::Status s = LoadArea(l, at.At("driver_area"), in.driver_area(),
                                DescTableBytes(size) + AvailBytes(size), used,
                                &queue.driver_area);
      !s.ok()) {
    return s;
  }
  return LoadArea(l, at.At("device_area"), in.device_area(), UsedBytes(size),
                  used, &queue.device_area);
}

// A step's queue.
absl::Status CheckQueue(const Loading& l, const Place& at, uint32_t queue) {
  if (queue < l.out->queues.size()) return absl::OkStatus();
  return l.where.Error(
      at, l.out->queues.empty()
              ? std::string("given, but there are no rings; a rings block")
              : absl::StrCat(queue, "; there are ", l.out->queues.size(),
                             " queues, counted from 0"));
}

absl::Status LoadDescriptor(const Loading& l, const Place& at,
                            const pb::RingWrite::Desc& in, uint32_t queue_size,
                            RingDescSpec& out) {
  const uint32_t entries = in.has_table() ? UINT16_MAX + 1 : queue_size;
  if (in.index() >= entries) {
    return l.where.Error(at.At("index"),
                         absl::StrCat(in.index(), "; below ", entries));
  }
  if (in.next() > UINT16_MAX) {
    return l.where.Error(at.At("next"),
                         absl::StrCat(in.next(), "; 16 bits, at most 65535"));
  }
  if (in.has_table() && in.table() > UINT64_MAX - 16 * (in.index() + 1ull)) {
    return l.where.Error(
        at.At("table"),
        absl::StrCat(HexNumber(in.table()), "; a table that fits below 2^64"));
  }
  out.index = static_cast<uint16_t>(in.index());
  if (in.has_table()) out.table = in.table();
  out.addr = in.addr();
  out.len = in.len();
  out.flags = static_cast<uint16_t>((in.has_next() ? kDescNext : 0) |
                                    (in.writable() ? kDescWrite : 0) |
                                    (in.indirect() ? kDescIndirect : 0));
  out.next = static_cast<uint16_t>(in.next());
  return absl::OkStatus();
}

}  // namespace

absl::Status LoadRings(Loading& l) {
  if (!l.in.has_rings()) return absl::OkStatus();
  const pb::Rings& rings = l.in.rings();
  const Place at = Place().At("rings");
  if (rings.queue_size() == 0 || rings.queue_size() > kMaxQueues) {
    return l.where.Error(
        at.At("queue", 0),
        absl::StrCat(rings.queue_size(), " queues; 1 to ", kMaxQueues));
  }
  if (absl::Status s =
          CheckEnum(l, at.At("completion"), *pb::Rings::Completion_descriptor(),
                    rings.completion());
      !s.ok()) {
    return s;
  }
  l.out->out_of_order = rings.completion() == pb::Rings::OUT_OF_ORDER;
  std::vector<bool> used(l.out->host_buffers.size());
  for (int i = 0; i < rings.queue_size(); ++i) {
    if (absl::Status s = LoadQueue(l, i, used); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status LoadRingPost(const Loading& l, const Place& at, const pb::Post& in,
                          StepSpec& step) {
  if (l.out->queues.empty()) {
    if (in.queue() != 0) return CheckQueue(l, at.At("queue"), in.queue());
    if (!in.has_indirect_table()) return absl::OkStatus();
    return CheckQueue(l, at.At("indirect_table"), 0);
  }
  if (absl::Status s = CheckQueue(l, at.At("queue"), in.queue()); !s.ok()) {
    return s;
  }
  step.queue = in.queue();
  for (size_t i = 0; i < step.buffers.size(); ++i) {
    const Range<Gpa>& gpa = step.buffers[i].gpa;
    if (gpa.last - gpa.first < UINT32_MAX) continue;
    return l.where.Error(at.At("buffer", static_cast<int>(i)).At("gpa"),
                         absl::StrCat(HexNumber(gpa.last - gpa.first + 1),
                                      " bytes; a descriptor has at most "
                                      "0xffffffff"));
  }
  const uint32_t size = l.out->queues[in.queue()].size;
  if (in.has_indirect_table()) {
    step.indirect_table = in.indirect_table();
    if (in.indirect_table() <= UINT64_MAX - 16 * step.buffers.size()) {
      return absl::OkStatus();
    }
    return l.where.Error(at.At("indirect_table"),
                         absl::StrCat(HexNumber(in.indirect_table()),
                                      "; a table that fits below 2^64"));
  }
  if (step.buffers.size() <= size) return absl::OkStatus();
  return l.where.Error(
      at.At("buffer", static_cast<int>(size)),
      absl::StrCat(step.buffers.size(), " in all; the queue has ", size,
                   " entries; at most so many, or an indirect_table"));
}

absl::Status LoadDriverOk(Loading& l, const Place& at, const pb::Step&,
                          StepSpec& step) {
  step.kind = StepKind::kDriverOk;
  for (const StepSpec& other : l.out->steps) {
    if (&other == &step || other.kind != StepKind::kDriverOk) continue;
    return l.where.Error(at.At("driver_ok"),
                         absl::StrCat("again, after ", Quote(other.label),
                                      "; the driver starts the device once"));
  }
  return absl::OkStatus();
}

absl::Status LoadRingWrite(Loading& l, const Place& step_at, const pb::Step& in,
                           StepSpec& step) {
  step.kind = StepKind::kRingWrite;
  const pb::RingWrite& write = in.ring_write();
  const Place at = step_at.At("ring_write");
  if (absl::Status s = CheckQueue(l, at.At("queue"), write.queue()); !s.ok()) {
    return s;
  }
  step.queue = write.queue();
  const uint32_t size = l.out->queues[step.queue].size;
  for (int i = 0; i < write.desc_size(); ++i) {
    RingDescSpec& d = step.ring_write.descriptors.emplace_back();
    if (absl::Status s =
            LoadDescriptor(l, at.At("desc", i), write.desc(i), size, d);
        !s.ok()) {
      return s;
    }
  }
  for (int i = 0; i < write.available_size(); ++i) {
    const uint32_t head = write.available(i);
    if (head > UINT16_MAX) {
      return l.where.Error(at.At("available", i),
                           absl::StrCat(head, "; 16 bits, at most 65535"));
    }
    step.ring_write.available.push_back(static_cast<uint16_t>(head));
  }
  step.ring_write.skip = write.skip();
  if (write.skip() <= UINT16_MAX) return absl::OkStatus();
  return l.where.Error(at.At("skip"),
                       absl::StrCat(write.skip(), "; at most 65535"));
}

bool IsQueueName(const Loading& l, absl::string_view name) {
  for (size_t i = 0; i < l.out->queues.size(); ++i) {
    if (name == absl::StrCat("vq", i)) return true;
  }
  return false;
}

}  // namespace iovalab
