#ifndef IOVALAB_LAB_CONFORM_CONFORM_VDPA_HOST_H_
#define IOVALAB_LAB_CONFORM_CONFORM_VDPA_HOST_H_

// The memory of the program that recorded the vhost-vdpa vectors: its buffers
// H, J, A, R, S, Z, P, U, Q, X, N at fixed user addresses, and the symbols in
// which a recording names addresses ("H+0x1000", "va:S+0x0", "X#2+0x200000").
//
// Not for: simulated machines.
//
// Invariant: memory that replaces buffer X gets a name of its own, X@n for the
// n-th in this case; which X#k of the recording it is shows at first sight.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "model/host/host_memory.h"
#include "model/host/vma.h"
#include "model/store/sink.h"

namespace iovalab {

class VdpaHost {
 public:
  explicit VdpaHost(Sink& sink);

  const HostMemory& memory() const { return memory_; }

  // "H+0x1000" or "0x1000" to a user address.
  std::optional<uint64_t> Address(absl::string_view symbol) const;
  // A user address as "H+0x1000": the nearest buffer at or below it.
  std::string VaName(uint64_t hva) const;
  // The byte of memory at a host physical address; "pa:0x..." where none is.
  std::string PaName(uint64_t hpa) const;
  // The byte that is mapped at a user address; nothing where none is.
  std::optional<std::string> MappedName(uint64_t hva, const Sink& sink) const;
  // Whether any user address reaches this byte of memory.
  bool IsMapped(ObjectOffset at, const Sink& sink) const;

  // mmap(MAP_FIXED) of new memory over all of buffer X. A hole punched into X
  // and filled again is the same here: whoever pinned keeps the old memory.
  void ReplaceX(Sink& sink);

  // Whether `got` is `expected`, where an X@n of `got` stands for the X or X#k
  // that it was first seen as.
  bool Same(absl::string_view expected, std::string got);

 private:
  void Add(absl::string_view name, uint64_t hva, uint64_t size, MemoryKind kind,
           uint32_t prot, uint64_t chunk, uint64_t stride, Sink& sink);

  HostMemory memory_;
  uint32_t x_generation_ = 0;
  std::map<std::string, std::string> x_names_;  // X@n -> X#k
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_CONFORM_CONFORM_VDPA_HOST_H_
