#ifndef IOVALAB_MODEL_ADDR_ADDRESS_H_
#define IOVALAB_MODEL_ADDR_ADDRESS_H_

// Address types that do not convert into each other: passing a guest-physical
// address where an I/O virtual one is meant does not compile.
//
// Not for: store contents, which hold any address space and are plain 64-bit
// numbers (model/addr/interval_table.h); the typed views in model/store name
// the spaces.

#include <compare>
#include <cstdint>

namespace iovalab {

// A byte address in the space that Tag names. Arithmetic is modulo 2^64, as in
// the systems modelled; who may wrap says so.
template <typename Tag>
struct Address {
  uint64_t value = 0;

  constexpr Address() = default;
  constexpr explicit Address(uint64_t v) : value(v) {}

  friend constexpr auto operator<=>(Address, Address) = default;
  friend constexpr Address operator+(Address a, uint64_t n) {
    return Address(a.value + n);
  }
  // Distance in bytes from b up to a, modulo 2^64.
  friend constexpr uint64_t operator-(Address a, Address b) {
    return a.value - b.value;
  }
};

using Gpa = Address<struct GpaTag>;  // guest physical
using Giova =
    Address<struct GiovaTag>;  // behind a vIOMMU: what the guest's driver uses
using Hva = Address<struct HvaTag>;          // the VMM process's virtual
using Iova = Address<struct IovaTag>;        // what the device puts on the bus
using Hpa = Address<struct HpaTag>;          // host physical
using RamAddr = Address<struct RamAddrTag>;  // QEMU's ram_addr_t

inline constexpr uint64_t kPageSize = 0x1000;

constexpr uint64_t PageDown(uint64_t v) { return v & ~(kPageSize - 1); }
// Rounds up modulo 2^64: the last page of the space rounds to 0.
constexpr uint64_t PageUp(uint64_t v) { return PageDown(v + kPageSize - 1); }

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ADDR_ADDRESS_H_
