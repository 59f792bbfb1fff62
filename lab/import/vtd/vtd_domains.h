#ifndef IOVALAB_LAB_IMPORT_VTD_VTD_DOMAINS_H_
#define IOVALAB_LAB_IMPORT_VTD_VTD_DOMAINS_H_

// What ftrace's map lines leave out: the domain of each map, its permissions,
// and the domain that a device is in. QEMU's trace and the guest's
// invalidations say it.
//
// Not for: captures without QEMU's trace.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "lab/import/vtd/vtd_capture.h"

namespace iovalab {

class VtdDomains {
 public:
  explicit VtdDomains(const VtdCapture& capture);

  const std::set<uint32_t>& domains() const { return domains_; }
  // Device and domain, each pair that the trace shows.
  const std::set<std::pair<uint32_t, uint32_t>>& devices() const {
    return devices_;
  }
  // Of capture.guest[index], a map or an unmap.
  std::optional<uint32_t> OfGuest(uint32_t index) const;
  // The domain of the device at capture.qemu[index]: as last seen before, else
  // as first seen after.
  std::optional<uint32_t> OfDevice(uint32_t source, uint32_t index) const;
  // R (1) and W (2) of the leaf that maps `iova` to `target`, at or after
  // capture.qemu[index].
  std::optional<uint32_t> Permission(uint64_t iova, uint64_t target,
                                     uint32_t index) const;
  // Of a whole map, the first that is known of its pages; where no device
  // touched them, both.
  uint32_t PermissionOf(const VtdLine& map, uint32_t index) const;

 private:
  void Attribute(const VtdCapture& capture);

  std::set<uint32_t> domains_;
  std::set<std::pair<uint32_t, uint32_t>> devices_;
  std::vector<std::optional<uint32_t>> of_guest_;
  // By device: index in qemu and domain, where it changes.
  std::map<uint32_t, std::vector<std::pair<uint32_t, uint32_t>>> seen_;
  struct Leaf {
    uint32_t index;
    uint64_t target;
    uint32_t perm;
    uint32_t domain;
  };
  std::map<uint64_t, std::vector<Leaf>> leaves_;  // by page, in order
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_VTD_VTD_DOMAINS_H_
