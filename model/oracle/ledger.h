#ifndef IOVALAB_MODEL_ORACLE_LEDGER_H_
#define IOVALAB_MODEL_ORACLE_LEDGER_H_

// Ledger: the oracle's own record of who was granted which IOVAs: each section
// of guest RAM that the listener mapped and each host-only buffer, from its map
// to its unmap as the *guest and VMM meant them*, whatever the trees then did.
//
// Not for: any model of the machine; only the oracle looks here.
//
// Invariants: an owner's index never changes; of two grants of one IOVA in one
// address space the later one owns it. Guest addresses of live sections are
// unique; a host buffer may be mapped several times.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "model/addr/overwrite_map.h"
#include "model/vmm/strategy.h"

namespace iovalab {

struct Owner {
  bool is_section = true;  // else a host-only buffer
  GuestSpan span;          // of a section
  HostSpan host;           // of a buffer
  uint64_t iova = 0;
  uint64_t size_minus_1 = 0;
  bool has_iova = false;  // false: the VMM refused it
  bool mapped = false;    // false: the VMM or the kernel refused it, a hole
  bool live = true;       // the section or buffer is still there
  bool arriving = true;   // granted by the operation that is under way
  bool leaving = false;   // dropped by it
  // The grant that the same section had before, where it was added twice.
  std::optional<uint32_t> earlier{};

  // Of the device's address spaces; sections are in 0.
  uint8_t asid() const { return is_section ? 0 : host.asid; }
  uint64_t last_iova() const { return iova + size_minus_1; }
};

class Ledger {
 public:
  // A section that passes the listener's rules was added. `iova` is what the
  // VMM chose for it, nothing where it found none; `mapped`: the kernel has it.
  // Where it is there already and is refused now, what it has stays its own.
  uint32_t AddSection(const GuestSpan& span, std::optional<uint64_t> iova,
                      bool mapped);
  uint32_t AddHost(const HostSpan& span, uint64_t iova);
  // The section or buffer is gone. Nothing where there is none such.
  std::optional<uint32_t> DropSection(uint64_t section_gpa);
  // `iova`: which of the mappings of a buffer, where the VMM found one.
  std::optional<uint32_t> DropHost(uint64_t hva, std::optional<uint64_t> iova);
  // Host-only memory of address space 0 (a vIOMMU's mappings too) whose IOVAs
  // all lie in [first, last] is gone.
  std::vector<uint32_t> DropHostsIn(uint64_t first, uint64_t last);
  // The operation is over: what was granted may be used, what was dropped not
  // any more.
  void Settle();

  const Owner& owner(uint32_t i) const { return owners_[i]; }
  // The latest owner, live or not, of an IOVA that the kernel accepted for it;
  // null where there was none.
  const Owner* OwnerOf(uint64_t iova, uint8_t asid = 0) const;
  // The latest owner that the VMM chose the IOVA for, accepted or not, in any
  // address space from `first_asid` on, as the VMM's trees are one for all.
  const Owner* ChosenFor(uint64_t iova, uint8_t first_asid = 0) const;
  // The same in one address space.
  const Owner* ChosenIn(uint8_t asid, uint64_t iova) const;
  // A live host buffer that holds the byte and is mapped in the address space
  // with this permission; null where there is none.
  const Owner* HostAt(uint64_t hva, uint8_t asid, uint32_t perm) const;
  // The live section that begins at this guest address.
  const Owner* SectionAt(uint64_t section_gpa) const;

  template <typename F>
  void ForEachLive(F f) const {
    for (const auto& [gpa, i] : sections_) f(owners_[i]);
    for (const auto& [hva, i] : hosts_) f(owners_[i]);
  }

 private:
  uint32_t Add(const Owner& owner);
  void Drop(uint32_t index);

  std::vector<Owner> owners_;
  std::map<uint64_t, uint32_t> sections_;    // live, by section_gpa
  std::multimap<uint64_t, uint32_t> hosts_;  // live, by HVA
  std::vector<uint32_t> unsettled_;
  // By asid: IOVA -> owner.
  std::map<uint8_t, OverwriteMap> accepted_;
  std::map<uint8_t, OverwriteMap> chosen_;
};

}  // namespace iovalab

#endif  // IOVALAB_MODEL_ORACLE_LEDGER_H_
