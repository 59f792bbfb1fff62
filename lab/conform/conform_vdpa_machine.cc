#include "lab/conform/conform_vdpa_machine.h"

#include <string.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "model/device/dma.h"
#include "model/kernel/iommu_table.h"

namespace iovalab {
namespace {

constexpr uint64_t kSector = 0x200;
constexpr size_t kMaxListed = 400;

struct ConfigRow {
  absl::string_view cfg;     // without "-k61"
  absl::string_view device;  // profile
  uint64_t vhost_limit;
  uint64_t device_limit;
};
constexpr ConfigRow kConfigs[] = {
    {"A-simblk-setmap-pa", "vdpa_sim_set_map_pa", 2048, 2048},
    {"A-simblk-setmap-va", "vdpa_sim_set_map_va", 2048, 2048},
    {"A-simblk-dmamap-pa", "vdpa_sim_dma_map_pa", 2048, 2048},
    {"A-simblk-dmamap-va", "vdpa_sim_dma_map_va", 2048, 2048},
    {"A-simnet-asid", "vdpa_sim_net_pa", 2048, 2048},
    {"A-limit", "vdpa_sim_set_map_pa", 10, 6},
    {"A-limit-dmamap", "vdpa_sim_dma_map_pa", 10, 6},
    {"A-vduse", "vduse", 2048, 2048},
    {"A-vp-platform-iommu", "vp_vdpa", 2048, 2048},
};

// The recorder writes the identity as pa: in VA mode too.
std::string Target(const VdpaMachine& m, const Entry& e) {
  if (m.config.device.use_va && e.tag != kPassthrough) {
    return absl::StrCat("va:", m.host.VaName(e.target));
  }
  return m.host.PaName(e.target);
}

std::vector<std::string> Maps(const VdpaMachine& m, StoreId store) {
  std::vector<std::string> maps;
  m.sink.table(store).ForEach([&](Entry e) {
    if (store.kind == StoreKind::kVhostIotlb) e.tag = 0;
    maps.push_back(absl::StrCat("0x", absl::Hex(e.first), "-0x",
                                absl::Hex(e.last), " -> ", Target(m, e),
                                " perm=", e.perm));
  });
  return maps;
}

std::string CallText(const VdpaMachine& m, const VdpaCall& call) {
  const std::string asid = absl::StrCat(" asid=", call.asid);
  const std::string range =
      absl::StrCat(asid, " 0x", absl::Hex(call.entry.first), " +0x",
                   absl::Hex(call.entry.last - call.entry.first + 1));
  switch (call.op) {
    case VdpaCall::Op::kSetMap:
      return absl::StrCat("set_map", asid, " nmaps=", call.nmaps);
    case VdpaCall::Op::kDmaMap: {
      Entry entry = call.entry;
      entry.tag = 0;
      return absl::StrCat("dma_map", range, " -> ", Target(m, entry),
                          " perm=", entry.perm);
    }
    case VdpaCall::Op::kDmaUnmap:
      return absl::StrCat("dma_unmap", range);
    case VdpaCall::Op::kResetMap:
      return absl::StrCat("reset_map", asid);
  }
  return "";
}

std::string CallText(const VdpaMachine& m, const IommuCall& call) {
  const std::string range =
      absl::StrCat(" 0x", absl::Hex(call.iova), " +0x", absl::Hex(call.size));
  switch (call.op) {
    case IommuCall::Op::kMap:
      return absl::StrCat("iommu_map", range, " -> ",
                          m.host.PaName(call.target));
    case IommuCall::Op::kUnmap:
      return absl::StrCat("iommu_unmap", range);
    case IommuCall::Op::kFlushPages:
      return absl::StrCat("iotlb_inv psi 0x", absl::Hex(call.iova),
                          " am=", call.order, " ih=", call.leaf_hint ? 1 : 0);
    case IommuCall::Op::kFlushDomain:
      return "iotlb_inv domain";
    case IommuCall::Op::kFlushContext:
      return "cc_inv";
    case IommuCall::Op::kAttach:
      return "attach_device_to_domain";
  }
  return "";
}

// Equal lines in a row are one line with " xN"; only so many lines are listed.
std::vector<std::string> Recorded(const std::vector<std::string>& lines) {
  std::vector<std::string> listed;
  for (size_t i = 0; i < lines.size() && listed.size() < kMaxListed;) {
    size_t end = i + 1;
    while (end < lines.size() && lines[end] == lines[i]) ++end;
    listed.push_back(end - i == 1 ? lines[i]
                                  : absl::StrCat(lines[i], " x", end - i));
    i = end;
  }
  return listed;
}

// Where the device's entry leads for one byte; nothing on a fault.
std::optional<VdpaSector> Reach(const VdpaMachine& m, uint64_t iova,
                                uint32_t perm) {
  const bool own = m.config.device.map_api != MapApi::kPlatform;
  const auto e =
      m.sink.table(own ? StoreId{StoreKind::kDevice, 0} : kIommuStore)
          .Find(iova);
  if (!e || (e->perm & perm) != perm) return std::nullopt;
  if (!own && IsMsiAddress(iova)) return std::nullopt;
  const uint64_t target = e->Translate(iova);
  if (m.config.device.use_va) {
    auto name = m.host.MappedName(target, m.sink);
    if (!name) return std::nullopt;
    return VdpaSector{*std::move(name), true};
  }
  const auto at = m.host.memory().FindByHpa(Hpa(target));
  return VdpaSector{m.host.PaName(target), at && m.host.IsMapped(*at, m.sink)};
}

}  // namespace

std::optional<VdpaConfig> FindVdpaConfig(absl::string_view kernel,
                                         absl::string_view cfg) {
  if (absl::EndsWith(cfg, "-k61")) cfg.remove_suffix(4);
  for (const KernelProfile& k : KernelProfiles()) {
    if (!absl::StartsWith(kernel, k.release)) continue;
    for (const ConfigRow& row : kConfigs) {
      if (cfg != row.cfg) continue;
      VdpaConfig config{k, *FindDeviceProfile(row.device)};
      config.kernel.vdpa_table_limit = row.vhost_limit;
      config.device.table_limit = row.device_limit;
      return config;
    }
  }
  return std::nullopt;
}

VdpaMachine::VdpaMachine(const VdpaConfig& c)
    : config(c), sink(&stores), host(sink) {
  VdpaDeviceStart(device, config.device, config.kernel, sink);
  device.log_calls = true;
  vhost.domain.log_calls = true;
}

VdpaAnswer VdpaMachine::Send(const VdpaMsg& msg) {
  const VdpaAnswer answer = VhostVdpaStep(vhost, device, msg, env(), sink);
  for (size_t asid = 0; asid < vhost.spaces.size(); ++asid) {
    bool known = !vhost.spaces[asid].exists;
    for (uint8_t c : created) known |= c == asid;
    if (!known) created.push_back(static_cast<uint8_t>(asid));
  }
  return answer;
}

std::vector<VdpaTableText> VdpaTables(const VdpaMachine& m) {
  std::vector<VdpaTableText> tables;
  const absl::string_view device =  // of its own
      m.config.device.name == "vduse" ? "vduse_domain#" : "device_as#";
  const bool own = m.config.device.map_api != MapApi::kPlatform;
  for (size_t asid = 0; own && asid < m.device.spaces.size(); ++asid) {
    const StoreId id{StoreKind::kDevice, static_cast<uint8_t>(asid)};
    tables.push_back(
        {absl::StrCat(device, asid), m.config.device.table_limit, Maps(m, id)});
  }
  for (size_t n = 0; n < m.created.size(); ++n) {
    tables.push_back({absl::StrCat("vhost_as#", n), m.vhost.table_limit,
                      Maps(m, {StoreKind::kVhostIotlb, m.created[n]})});
  }
  if (m.has_mem_table) {
    tables.push_back({"vhost_dev#0", m.vhost.table_limit, {}});
  }
  return tables;
}

std::vector<std::string> TakeVdpaCalls(VdpaMachine& m) {
  std::vector<std::string> lines;
  for (const VdpaCall& call : m.device.calls) {
    lines.push_back(CallText(m, call));
    if (call.err != 0) {
      lines.push_back(absl::StrCat("  =-> ", strerrorname_np(-call.err)));
    }
  }
  m.device.calls.clear();
  // A device has either its own operations or the platform's.
  for (const IommuCall& call : m.vhost.domain.calls) {
    lines.push_back(CallText(m, call));
  }
  m.vhost.domain.calls.clear();
  return Recorded(lines);
}

std::vector<std::string> VdpaIommuRuns(const VdpaMachine& m) {
  std::vector<std::string> lines;
  Entry run;  // not yet listed; run.last < run.first: none
  run.first = 1;
  const auto list = [&] {
    if (run.last < run.first) return;
    lines.push_back(absl::StrCat("0x", absl::Hex(run.first), "-0x",
                                 absl::Hex(run.last), " -> ",
                                 m.host.PaName(run.target)));
  };
  m.touched.ForEach([&](const Entry& touched) {
    for (uint64_t at = touched.first;;) {
      const auto e = m.sink.table(kIommuStore).FirstIn(at, touched.last);
      if (!e) break;
      Entry piece;
      piece.first = std::max(e->first, at);
      piece.last = std::min(e->last, touched.last);
      piece.target = e->Translate(piece.first);
      if (run.last + 1 == piece.first && run.last >= run.first &&
          run.target_last() + 1 == piece.target) {
        run.last = piece.last;
      } else {
        list();
        run = piece;
      }
      if (e->last >= touched.last) break;
      at = e->last + 1;
    }
  });
  list();
  return lines;
}

void TouchVdpa(VdpaMachine& m, uint64_t iova, uint64_t size) {
  if (size == 0 || iova > UINT64_MAX - (size - 1)) return;
  Entry now;
  now.first = PageDown(iova);
  now.last = PageDown(iova + (size - 1)) + (kPageSize - 1);
  while (const auto old = m.touched.FirstIn(now.first, now.last)) {
    now.first = std::min(now.first, old->first);
    now.last = std::max(now.last, old->last);
    m.touched.Erase(old->first);
  }
  m.touched.Insert(now);
}

std::optional<std::vector<VdpaSector>> VdpaAccess(const VdpaMachine& m,
                                                  uint64_t iova, uint64_t len,
                                                  uint32_t perm) {
  std::vector<VdpaSector> sectors;
  for (uint64_t at = 0; at < len; at += kSector) {
    const auto first = Reach(m, iova + at, perm);
    const auto last = Reach(m, iova + std::min(at + kSector, len) - 1, perm);
    if (first && last) {
      sectors.push_back(*first);
    } else if (m.config.device.map_api == MapApi::kPlatform) {
      // It gets zeros from the bus and writes nowhere, and goes on.
      sectors.push_back({"zeros", false});
    } else {
      return std::nullopt;
    }
  }
  return sectors;
}

}  // namespace iovalab
