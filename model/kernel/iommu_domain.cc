#include "model/kernel/iommu_domain.h"

#include <bit>
#include <cerrno>
#include <optional>

namespace iovalab {
namespace {

// Of the most pages that one page-selective invalidation may name; more is a
// flush of the domain (VT-d capability register MAMV; QEMU's is 18).
constexpr uint32_t kMaxOrder = 18;

void Log(IommuDomain& domain, const IommuCall& call) {
  if (domain.log_calls) domain.calls.push_back(call);
}

void FlushDomain(IommuDomain& domain) {
  ++domain.flushes;
  Log(domain, {IommuCall::Op::kFlushDomain});
}

// log2 of the fewest pages, aligned to their number, that hold both pages
// (Linux 6.12 drivers/iommu/intel/cache.c calculate_psi_aligned_address).
uint32_t CoveringOrder(uint64_t first_page, uint64_t last_page) {
  return static_cast<uint32_t>(std::bit_width(first_page ^ last_page));
}

void FlushPages(IommuDomain& domain, uint64_t first, uint64_t last,
                const KernelProfile& kernel) {
  const uint32_t order = CoveringOrder(first / kPageSize, last / kPageSize);
  if (order > kMaxOrder) return FlushDomain(domain);
  ++domain.flushes;
  const uint64_t mask = (kPageSize << order) - 1;
  const uint64_t from = kernel.vtd_cache_tags ? first & ~mask : first;
  Log(domain,
      {IommuCall::Op::kFlushPages, from, 0, 0, order, kernel.vtd_cache_tags});
}

// The flush after an unmap of no page: an empty range runs from the last page
// of the space to the first.
void FlushNothing(IommuDomain& domain, const KernelProfile& kernel) {
  if (kernel.vtd_cache_tags) return FlushDomain(domain);
  FlushPages(domain, PageDown(UINT64_MAX), UINT64_MAX, kernel);
}

}  // namespace

void IommuAttach(IommuDomain& domain) {
  Log(domain, {IommuCall::Op::kFlushContext});
  FlushDomain(domain);
  Log(domain, {IommuCall::Op::kAttach});
}

void IommuFree(IommuDomain& domain, Sink& sink) {
  IommuTableFree(domain.table, Rule::kIommuFreed, sink);
  IommuAttach(domain);
}

int IommuMap(IommuDomain& domain, uint64_t iova, Hpa hpa, uint64_t size,
             uint32_t perm, const KernelProfile& kernel, Sink& sink,
             Rule* why) {
  Rule unused = Rule::kNone;
  Rule& rule = why == nullptr ? unused : *why;
  const IommuDriver& driver = *domain.table.driver;
  if (perm < kPermRead || perm > kPermReadWrite) {
    rule = Rule::kIommuPerm;
    IommuUnmap(domain, iova, 0, Rule::kIommuPerm, kernel, sink);
    return -EINVAL;
  }
  const std::optional<uint32_t> leaf_perm = LeafPerm(driver, perm);
  if (!leaf_perm) {
    rule = Rule::kIommuNoWriteOnly;
    return -EINVAL;
  }
  const Entry run{iova, iova + (size - 1), hpa.value, 0, *leaf_perm};
  if (run.last > driver.format->last_position() ||
      run.target_last() > driver.format->output_mask() ||
      run.target_last() < run.target) {
    rule = Rule::kIommuTooWide;
    return -ERANGE;
  }
  Log(domain, {IommuCall::Op::kMap, iova, size, hpa.value});
  const bool read_bit = driver.is_vtd() && perm == kPermWrite;
  if (IommuTableMap(domain.table, run,
                    read_bit ? Rule::kIommuReadBit : driver.map_rule, sink)) {
    return 0;
  }
  rule = Rule::kIommuExists;
  return -EEXIST;
}

uint64_t IommuUnmap(IommuDomain& domain, uint64_t iova, uint64_t size,
                    Rule rule, const KernelProfile& kernel, Sink& sink) {
  // Refused before anything is flushed or traced.
  if ((iova | size) % kPageSize != 0) return 0;
  Log(domain, {IommuCall::Op::kUnmap, iova, size});
  if (size == 0) {
    FlushNothing(domain, kernel);
    return 0;
  }
  const uint64_t last =
      iova > UINT64_MAX - (size - 1) ? UINT64_MAX : iova + (size - 1);
  const uint64_t cleared =
      IommuTableUnmap(domain.table, iova, last, rule, sink);
  const uint64_t bytes = cleared - iova + 1;
  if (bytes == 0) {
    FlushNothing(domain, kernel);
  } else {
    FlushPages(domain, iova, cleared, kernel);
  }
  return bytes;
}

}  // namespace iovalab
