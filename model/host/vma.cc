#include "model/host/vma.h"

#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

absl::Status ValidateRange(absl::string_view what, Hva hva, uint64_t size) {
  if (hva.value % kPageSize != 0 || size % kPageSize != 0 || size == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, ": hva 0x", absl::Hex(hva.value), " and size 0x", absl::Hex(size),
        " must be multiples of 0x1000, size not 0"));
  }
  if (hva.value >= kTaskSize || size > kTaskSize - hva.value) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": hva 0x", absl::Hex(hva.value), " size 0x",
                     absl::Hex(size), " must end below 2^47"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MapVma(const HostMemory& memory, Hva hva, uint64_t size,
                    ObjectIndex object, uint64_t offset, uint32_t prot,
                    Sink& sink) {
  if (absl::Status s = ValidateRange("mmap", hva, size); !s.ok()) return s;
  if (object >= memory.size()) {
    return absl::InvalidArgumentError("mmap: no such memory object");
  }
  const MemoryObject& o = memory.object(object);
  if (offset % kPageSize != 0 || offset >= o.size || size > o.size - offset) {
    return absl::InvalidArgumentError(absl::StrCat(
        "mmap: offset 0x", absl::Hex(offset), " size 0x", absl::Hex(size),
        " must be whole pages inside memory object \"", o.name, "\" of 0x",
        absl::Hex(o.size), " bytes"));
  }
  if (prot > kPermReadWrite) {
    return absl::InvalidArgumentError("mmap: prot must be read, write or both");
  }
  const uint64_t last = hva.value + (size - 1);
  if (sink.table(kVmaStore).FirstIn(hva.value, last)) {
    return absl::AlreadyExistsError(
        absl::StrCat("mmap: something is mapped in [0x", absl::Hex(hva.value),
                     ", 0x", absl::Hex(last), "]; unmap it first"));
  }
  const Entry vma{hva.value, last, offset, object, prot};
  sink.Add(kVmaStore, vma, Rule::kNone, Actor::kVmm);
  return absl::OkStatus();
}

absl::Status UnmapVma(Hva hva, uint64_t size, Sink& sink) {
  if (absl::Status s = ValidateRange("munmap", hva, size); !s.ok()) return s;
  const uint64_t first = hva.value;
  const uint64_t last = first + (size - 1);
  while (auto vma = sink.table(kVmaStore).FirstIn(first, last)) {
    sink.Del(kVmaStore, *vma, Rule::kNone, Actor::kVmm);
    if (vma->first < first) {
      Entry below = *vma;
      below.last = first - 1;
      sink.Add(kVmaStore, below, Rule::kNone, Actor::kVmm);
    }
    if (vma->last > last) {
      Entry above = *vma;
      above.first = last + 1;
      above.target = vma->Translate(above.first);
      sink.Add(kVmaStore, above, Rule::kNone, Actor::kVmm);
    }
  }
  return absl::OkStatus();
}

std::optional<Entry> FindVma(const IntervalTable& vmas, Hva hva) {
  return vmas.FirstIn(hva.value, UINT64_MAX);
}

}  // namespace iovalab
