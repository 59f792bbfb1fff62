#include "lab/import/import_events.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fmt/format.h"
#include "gtest/gtest.h"
#include "lab/import/host_pairs.h"
#include "lab/import/import_testing.h"

namespace iovalab {
namespace {

using Op = ImportOpKind;

// "add 0-fff@7f0; del 0-fff" and so on, of one device.
std::string Told(const ImportDevice& d) {
  std::string text;
  for (const ImportOp& op : d.ops) {
    if (!text.empty()) text += "; ";
    switch (op.kind) {
      case Op::kRegionAdd:
        text += fmt::format("add {:x}-{:x}@{:x}{}", op.first, op.last, op.hva,
                            op.readonly ? " ro" : "");
        break;
      case Op::kRegionDel:
        text += fmt::format("del {:x}-{:x}{}", op.first, op.last,
                            op.known ? fmt::format("@{:x}", op.hva) : " ?");
        break;
      case Op::kHostMap:
        text += fmt::format("host {:x}+{:x}{}", op.hva, op.size,
                            op.ring ? " ring" : "");
        break;
      case Op::kHostUnmap:
        text += fmt::format("unhost {:x}", op.size);
        break;
      case Op::kCommit:
        text += "commit";
        break;
      case Op::kStart:
        text += "start";
        break;
      case Op::kStop:
        text += "stop";
        break;
      case Op::kReset:
        text += "reset";
        break;
    }
    if (op.logged >= 0) text += fmt::format("={:x}", d.logged[op.logged].iova);
  }
  return text;
}

std::string Told(const Import& import) {
  std::string text;
  for (const ImportDevice& d : import.devices) {
    absl::StrAppend(&text, "[", d.name, "] ", Told(d), "\n");
  }
  return text;
}

struct Case {
  const char* what;
  const char* log;
  const char* told;
};

TEST(ImportEvents, LinesBecomeOperations) {
  const Case kCases[] = {
      {"7.2: exclusive ends",
       "vhost_vdpa_listener_region_add vdpa: 0x5 iova 0x0 llend 0x1000 vaddr: "
       "0x7000 read-only: 1\n"
       "vhost_vdpa_dma_map vdpa:0x5 fd: 9 msg_type: 2 iova: 0x4000 size: "
       "0x1000 "
       "uaddr: 0x7000 perm: 0x1 type: 2\n"
       "vhost_vdpa_listener_commit vdpa:0x5 fd: 9 msg_type: 2 type: 6\n"
       "vhost_vdpa_listener_region_del vdpa: 0x5 iova 0x0 llend 0x1000\n"
       "vhost_vdpa_dma_unmap vdpa:0x5 fd: 9 msg_type: 2 iova: 0x4000 size: "
       "0x1000 type: 3\n",
       "[fd 9] add 0-fff@7000 ro=4000; commit; del 0-fff@7000=4000\n"},
      {"10.0: region_del's end is inclusive",
       "vhost_vdpa_listener_region_add vdpa: 0x5 iova 0x0 llend 0x1000 vaddr: "
       "0x7000 read-only: 0\n"
       "vhost_vdpa_listener_region_del vdpa: 0x5 iova 0x0 llend 0xfff\n",
       "[vdpa 1] add 0-fff@7000; del 0-fff@7000\n"},
      {"a section that rounding left nothing of",
       "vhost_vdpa_listener_region_del vdpa: 0x5 iova 0x2000 llend 0x1fff\n"
       "vhost_vdpa_listener_region_del vdpa: 0x5 iova 0x2000 llend 0x2000\n",
       ""},
      {"a deletion without its addition",
       "vhost_vdpa_listener_region_del vdpa: 0x5 iova 0x2000 llend 0x2fff\n"
       "vhost_vdpa_dma_unmap vdpa:0x5 fd: 9 msg_type: 2 iova: 0x1000 size: "
       "0x1000 type: 3\n",
       "[fd 9] del 2000-2fff ?=1000\n"},
      {"maps without a section are host-only; a vring address claims two",
       "vhost_vdpa_init dev: 0x4 vdpa: 0x5\n"
       "vhost_vdpa_dma_map vdpa:0x5 fd: 9 msg_type: 2 iova: 0x1000 size: "
       "0x1000 "
       "uaddr: 0x100000 perm: 0x1 type: 2\n"
       "vhost_vdpa_dma_map vdpa:0x5 fd: 9 msg_type: 2 iova: 0x2000 size: "
       "0x2000 "
       "uaddr: 0x200000 perm: 0x1 type: 2\n"
       "vhost_vdpa_dma_map vdpa:0x5 fd: 9 msg_type: 2 iova: 0x4000 size: "
       "0x1000 "
       "uaddr: 0x300000 perm: 0x3 type: 2\n"
       "vhost_vdpa_set_vring_addr dev: 0x4 index: 0 flags: 0x0\n"
       "vhost_vdpa_dma_unmap vdpa:0x5 fd: 9 msg_type: 2 iova: 0x1000 size: "
       "0x1000 type: 3\n",
       "[fd 9] host 100000+1000=1000; host 200000+2000 ring=2000; host "
       "300000+1000 ring=4000; unhost 1000=1000\n"},
      {"a map at another address than the section's is not the section's",
       "vhost_vdpa_listener_region_add vdpa: 0x5 iova 0x0 llend 0x1000 vaddr: "
       "0x7000 read-only: 0\n"
       "vhost_vdpa_dma_map vdpa:0x5 fd: 9 msg_type: 2 iova: 0x4000 size: "
       "0x1000 "
       "uaddr: 0x9000 perm: 0x3 type: 2\n",
       "[fd 9] add 0-fff@7000; host 9000+1000=4000\n"},
      {"devices by fd, lines alternating",
       "vhost_vdpa_listener_region_add vdpa: 0x5 iova 0x0 llend 0x1000 vaddr: "
       "0x7000 read-only: 0\n"
       "vhost_vdpa_listener_region_add vdpa: 0x6 iova 0x0 llend 0x1000 vaddr: "
       "0x7000 read-only: 0\n"
       "vhost_vdpa_dma_map vdpa:0x6 fd: 10 msg_type: 2 iova: 0x1000 size: "
       "0x1000 uaddr: 0x7000 perm: 0x3 type: 2\n"
       "vhost_vdpa_dma_map vdpa:0x5 fd: 9 msg_type: 2 iova: 0x2000 size: "
       "0x1000 "
       "uaddr: 0x7000 perm: 0x3 type: 2\n",
       "[fd 9] add 0-fff@7000=2000\n[fd 10] add 0-fff@7000=1000\n"},
      {"a pointer used again with another fd",
       "vhost_vdpa_dma_map vdpa:0x5 fd: 9 msg_type: 2 iova: 0x1000 size: "
       "0x1000 "
       "uaddr: 0x1 perm: 0x3 type: 2\n"
       "vhost_vdpa_dma_map vdpa:0x5 fd: 12 msg_type: 2 iova: 0x1000 size: "
       "0x1000 uaddr: 0x1 perm: 0x3 type: 2\n",
       "[fd 9] host 1+1000=1000\n[fd 12] host 1+1000=1000\n"},
      {"created again",
       "vhost_vdpa_init dev: 0x4 vdpa: 0x5\n"
       "vhost_vdpa_dma_map vdpa:0x5 fd: 9 msg_type: 2 iova: 0x1000 size: "
       "0x1000 "
       "uaddr: 0x1 perm: 0x3 type: 2\n"
       "vhost_vdpa_init dev: 0x8 vdpa: 0x9\n"
       "vhost_vdpa_dma_map vdpa:0x9 fd: 9 msg_type: 2 iova: 0x1000 size: "
       "0x1000 "
       "uaddr: 0x1 perm: 0x3 type: 2\n",
       "[fd 9] host 1+1000=1000; reset; host 1+1000=1000\n"},
      {"vhost: each commit ends a full list",
       "vhost_region_add_section mem: 0x0+0x2000 @ 0x7000\n"
       "vhost_region_add_section_aligned mem: 0x0+0x200000 @ 0x7000\n"
       "vhost_commit Started: 0 Changed: 1\n"
       "vhost_region_add_section mem: 0x0+0x2000 @ 0x7000\n"
       "vhost_commit Started: 0 Changed: 0\n"
       "vhost_region_add_section mem: 0x0+0x1000 @ 0x7000\n"
       "vhost_region_add_section mem: 0x5000+0x1000 @ 0x7000\n"
       "vhost_commit Started: 1 Changed: 1\n"
       "vhost_commit Started: 1 Changed: 1\n",
       "[vhost] add 0-1fff@7000; commit; del 0-1fff@7000; add 0-fff@7000; add "
       "5000-5fff@7000; commit; del 0-fff@7000; del 5000-5fff@7000; commit\n"},
      {"vhost: only the aligned lines were traced",
       "vhost_region_add_section_aligned mem: 0x0+0x1000 @ 0x7000\n"
       "vhost_region_add_section_aligned mem: 0x4000+0x1000 @ 0x9000\n"
       "vhost_commit Started: 0 Changed: 1\n",
       "[vhost] add 0-fff@7000; add 4000-4fff@9000; commit\n"},
      {"vfio: several containers add and delete the same",
       "vfio_listener_region_add_ram region_add [ram] 0x0 - 0xfff [0x7000]\n"
       "vfio_listener_region_add_ram region_add [ram] 0x0 - 0xfff [0x7000]\n"
       "vfio_listener_region_skip SKIPPING region_add 0xfee00000 - 0xfeefffff\n"
       "vfio_listener_region_del region_del 0x0 - 0xfff\n"
       "vfio_listener_region_del region_del 0x0 - 0xfff\n"
       "vfio_listener_region_del region_del 0xfee00000 - 0xfeefffff\n",
       "[vfio] add 0-fff@7000; del 0-fff@7000\n"},
      {"vDPA's own listener says more than vhost's",
       "vhost_region_add_section mem: 0x0+0x1000 @ 0x7000\n"
       "vhost_commit Started: 0 Changed: 1\n"
       "vhost_vdpa_listener_region_add vdpa: 0x1 iova 0x0 llend 0x1000 vaddr: "
       "0x7000 read-only: 0\n",
       "[vdpa 1] add 0-fff@7000\n"},
      {"sections that wrap are nonsense",
       "vhost_vdpa_listener_region_add vdpa: 0x5 iova 0x2000 llend 0x1000 "
       "vaddr: 0x7000 read-only: 0\n"
       "vhost_region_add_section mem: 0xfffffffffffff000+0x2000 @ 0x7000\n"
       "vhost_region_add_section mem: 0x0+0x0 @ 0x7000\n"
       "vhost_commit Started: 0 Changed: 1\n",
       ""},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(Told(ImportQemuLog(c.log)), c.told) << c.what;
  }
}

TEST(ImportEvents, IovaRange) {
  const char* add =
      "vhost_vdpa_listener_region_add vdpa: 0x5 iova 0x0 llend 0x1000 vaddr: "
      "0x7000 read-only: 0\n";
  const Import early = ImportQemuLog(absl::StrCat(
      "vhost_vdpa_init dev: 0x4 vdpa: 0x5\n"
      "vhost_vdpa_get_iova_range dev: 0x4 first: 0x10000 last: 0xffffffff\n",
      add));
  ASSERT_EQ(early.devices.size(), 1u);
  EXPECT_EQ(early.devices[0].iova_first, 0x10000u);
  EXPECT_EQ(early.devices[0].iova_last, 0xffffffffu);
  const Import skipped = ImportQemuLog(absl::StrCat(
      add,
      "vhost_vdpa_skipped_memory_section is_ram=0, is_iommu=0, is_protected=0, "
      "is_ram_device=0 iova_min=0x2000 iova_last=0xffff page_mask=0xf000\n"));
  EXPECT_EQ(skipped.devices[0].iova_first, 0x2000u);
  EXPECT_EQ(skipped.devices[0].iova_last, 0xffffu);
  const Import none = ImportQemuLog(add);
  EXPECT_FALSE(none.devices[0].has_range);
  EXPECT_EQ(none.devices[0].iova_last, UINT64_MAX);
}

TEST(ImportEvents, VhostUserCapture) {
  const Import import =
      ImportQemuLog(ReadCapture("qemu72-vhost-user-blk-q35-4g"));
  ASSERT_EQ(import.devices.size(), 1u);
  EXPECT_TRUE(absl::StrContains(
      Told(import.devices[0]),
      "add 0-7fffffff@7f96d3fff000; add "
      "100000000-17fffffff@7f9753fff000; commit; del 0-7fffffff@7f96d3fff000; "
      "add 0-"))
      << Told(import);
  ASSERT_FALSE(import.names.empty());
  EXPECT_EQ(import.names[0].name, "mem");
}

// Which map each unmap ends: "map lines > unmap" by size and kind.
struct PairCase {
  const char* what;
  std::vector<ImportOp> ops;
  std::vector<int64_t> pairs;
};

ImportOp Map(uint64_t size, bool ring = false, uint32_t asid = 0) {
  ImportOp op;
  op.kind = Op::kHostMap;
  op.size = size;
  op.ring = ring;
  op.has_asid = true;
  op.asid = asid;
  return op;
}
ImportOp Unmap(uint64_t size, uint32_t asid = 0) {
  ImportOp op = Map(size, false, asid);
  op.kind = Op::kHostUnmap;
  return op;
}
ImportOp Of(Op kind) {
  ImportOp op;
  op.kind = kind;
  return op;
}

TEST(HostPairs, ByOrderSizeAndKind) {
  const PairCase kCases[] = {
      {"first mapped, first unmapped",
       {Map(1), Map(1), Unmap(1), Unmap(1), Unmap(1)},
       {-1, -1, 0, 1, -1}},
      {"by size where the order does not fit",
       {Map(1), Map(2), Unmap(2), Unmap(1)},
       {-1, -1, 1, 0}},
      {"a size that fits none: the order",
       {Map(1), Map(2), Unmap(3)},
       {-1, -1, 0}},
      {"an address space of its own",
       {Map(1, false, 0), Map(1, false, 1), Unmap(1, 1)},
       {-1, -1, 1}},
      {"rings before buffers",
       {Map(1), Map(1), Map(1, true), Map(1, true), Unmap(1), Unmap(1),
        Unmap(1), Unmap(1)},
       {-1, -1, -1, -1, 2, 3, 0, 1}},
      {"the same without vring lines, behind larger rings",
       {Map(2), Map(1), Map(1), Map(1), Map(1), Map(1), Unmap(2), Unmap(1),
        Unmap(1)},
       {-1, -1, -1, -1, -1, -1, 0, 1, 4}},
      {"the same, small rings, but the buffers go after the listener",
       {Map(1), Map(1), Map(1), Map(1), Map(1), Map(1), Unmap(1), Unmap(1),
        Unmap(1), Unmap(1), Of(Op::kRegionDel), Unmap(1), Unmap(1)},
       {-1, -1, -1, -1, -1, -1, 0, 1, 4, 5, -1, 2, 3}},
      {"nothing is left of before a reset",
       {Map(1), Of(Op::kReset), Unmap(1)},
       {-1, -1, -1}},
  };
  for (const PairCase& c : kCases) {
    EXPECT_EQ(PairHostOps(c.ops), c.pairs) << c.what;
  }
}

}  // namespace
}  // namespace iovalab
