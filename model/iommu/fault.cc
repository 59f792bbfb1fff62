#include "model/iommu/fault.h"

namespace iovalab {

std::array<uint64_t, 2> VtdFaultRecord(const FaultEvent& event) {
  uint64_t high = event.source_id & 0xffff;
  high |= uint64_t{event.code & 0xff} << 32;
  if (event.pasid)
    high |= uint64_t{1} << 31 | uint64_t{*event.pasid & 0xfffff} << 40;
  if (event.access != kAccessWrite) high |= uint64_t{1} << 62;
  high |= uint64_t{1} << 63;
  return {event.address & BitMask(63, 12), high};
}

uint32_t RiscvTtyp(uint32_t access) {
  return access == kAccessExec ? 1 : access == kAccessWrite ? 3 : 2;
}

uint64_t RiscvIotval2(uint32_t cause, uint64_t gpa, bool implicit) {
  if (cause != 20 && cause != 21 && cause != 23) return 0;
  return implicit ? (gpa & BitMask(63, 12)) | 1 : gpa & BitMask(63, 2);
}

std::array<uint64_t, 4> RiscvFaultRecord(const FaultEvent& event) {
  uint64_t head = event.code & 0xfff;
  if (event.pasid) {
    head |= uint64_t{*event.pasid & 0xfffff} << 12 | uint64_t{1} << 32 |
            uint64_t{event.supervisor} << 33;
  }
  head |= uint64_t{RiscvTtyp(event.access)} << 34;
  head |= uint64_t{event.source_id & 0xffffff} << 40;
  return {head, 0, event.address,
          RiscvIotval2(event.code, event.gpa, event.implicit)};
}

}  // namespace iovalab
