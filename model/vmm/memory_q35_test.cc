// q35's memory map as QEMU 10.0 shows it (`info mtree -f` of the captures
// q35-4g-vga-svq and q35-4g-novga-svq).

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"
#include "model/vmm/memory.h"

namespace iovalab {
namespace {

constexpr uint32_t kRamBlock = 0;
constexpr uint32_t kRomBlock = 1;
constexpr uint32_t kBiosBlock = 2;

// Regions as hw/pci-host/q35.c and hw/i386/pc.c make them.
class Q35 {
 public:
  explicit Q35(bool vga) {
    Ram("ram-below-4g", 0x0, 0x7fffffff, kRamBlock, 0);
    Ram("ram-above-4g", 0x100000000, 0x17fffffff, kRamBlock, 0x80000000);
    const uint32_t pci =
        Add("pci", 0x0, UINT64_MAX, RegionKind::kContainer, -1);
    if (vga) {
      In(pci, Add("vga-lowmem", 0xa0000, 0xbffff, RegionKind::kIo, 1));
    }
    In(pci, Rom("pc.rom", 0xc0000, 0xdffff, kRomBlock, 0, 1));
    const uint32_t bios =
        In(pci, Rom("pc.bios", 0xfffc0000, 0xffffffff, kBiosBlock, 0, 0));
    const uint32_t isa =
        In(pci, Alias("isa-bios", 0xe0000, 0xfffff, bios, 0x20000, 1));
    regions_[isa].readonly = true;
    // Shows the PCI space, so VGA's memory, where low SMRAM is closed.
    smram_ = Alias("smram-region", 0xa0000, 0xbffff, pci, 0xa0000, 1);
    regions_[smram_].enabled = vga;
    for (uint64_t at = 0xc0000; at < 0x100000; at += 0x4000) {
      pam_.push_back(Alias(absl::StrFormat("pam-pci-%x", at), at, at + 0x3fff,
                           pci, at, 1));
    }
    Add("ioapic", 0xfec00000, 0xfec00fff, RegionKind::kIo, 0);
    Add("hpet", 0xfed00000, 0xfed003ff, RegionKind::kIo, 0);
    Add("apic-msi", 0xfee00000, 0xfeefffff, RegionKind::kIo, 4096);
    high_smram_ =
        Alias("smram-open-high", 0xfeda0000, 0xfedbffff, 0, 0xa0000, 1);
    regions_[high_smram_].enabled = false;
  }

  void Enable(uint32_t region, bool on) { regions_[region].enabled = on; }
  uint32_t high_smram() const { return high_smram_; }
  const std::vector<uint32_t>& pam() const { return pam_; }

  FlatView Render() const {
    std::vector<RegionState> states;
    for (const RegionSpec& r : regions_) {
      states.push_back({r.enabled, r.readonly});
    }
    return RenderFlatView(regions_, states);
  }
  // As `info mtree -f` has it, without priorities.
  std::string Print() const {
    std::string out;
    for (const FlatRange& r : Render()) {
      const char* const blocks[] = {"pc.ram", "pc.rom", "pc.bios"};
      absl::StrAppendFormat(&out, "%016x-%016x %s: %s", r.gpa.first.value,
                            r.gpa.last.value,
                            r.kind == RegionKind::kIo ? "i/o"
                            : r.readonly              ? "rom"
                                                      : "ram",
                            r.ram_block == kNoIndex ? regions_[r.leaf].name
                                                    : blocks[r.ram_block]);
      if (r.offset != 0) absl::StrAppendFormat(&out, " @%016x", r.offset);
      out += "\n";
    }
    return out;
  }

 private:
  uint32_t Add(const std::string& name, uint64_t first, uint64_t last,
               RegionKind kind, int32_t priority) {
    RegionSpec r;
    r.name = name;
    r.kind = kind;
    r.addr = {Gpa(first), Gpa(last)};
    r.priority = priority;
    regions_.push_back(r);
    return static_cast<uint32_t>(regions_.size() - 1);
  }
  uint32_t Ram(const std::string& name, uint64_t first, uint64_t last,
               uint32_t block, uint64_t offset) {
    const uint32_t r = Add(name, first, last, RegionKind::kRam, 0);
    regions_[r].ram_block = block;
    regions_[r].offset = offset;
    return r;
  }
  uint32_t Rom(const std::string& name, uint64_t first, uint64_t last,
               uint32_t block, uint64_t offset, int32_t priority) {
    const uint32_t r = Ram(name, first, last, block, offset);
    regions_[r].readonly = true;
    regions_[r].priority = priority;
    return r;
  }
  uint32_t Alias(const std::string& name, uint64_t first, uint64_t last,
                 uint32_t of, uint64_t offset, int32_t priority) {
    const uint32_t r = Add(name, first, last, RegionKind::kRam, priority);
    regions_[r].alias_of = of;
    regions_[r].offset = offset;
    return r;
  }
  uint32_t In(uint32_t container, uint32_t region) {
    regions_[region].container = container;
    return region;
  }

  std::vector<RegionSpec> regions_;
  uint32_t smram_ = 0;
  uint32_t high_smram_ = 0;
  std::vector<uint32_t> pam_;
};

constexpr char kRest[] =
    "00000000fee00000-00000000feefffff i/o: apic-msi\n"
    "00000000fffc0000-00000000ffffffff rom: pc.bios\n"
    "0000000100000000-000000017fffffff ram: pc.ram @0000000080000000\n";
constexpr char kIoHoles[] =
    "00000000fec00000-00000000fec00fff i/o: ioapic\n"
    "00000000fed00000-00000000fed003ff i/o: hpet\n";
constexpr char kRoms[] =
    "00000000000c0000-00000000000dffff rom: pc.rom\n"
    "00000000000e0000-00000000000fffff rom: pc.bios @0000000000020000\n"
    "0000000000100000-000000007fffffff ram: pc.ram @0000000000100000\n";

TEST(Q35, WithVga) {
  Q35 q35(/*vga=*/true);
  EXPECT_EQ(q35.Print(),
            absl::StrCat("0000000000000000-000000000009ffff ram: pc.ram\n"
                         "00000000000a0000-00000000000bffff i/o: vga-lowmem\n",
                         kRoms, kIoHoles, kRest));
}

// The pieces of low memory are one range where no VGA window cuts it.
TEST(Q35, WithoutVga) {
  Q35 q35(/*vga=*/false);
  EXPECT_EQ(q35.Print(),
            absl::StrCat("0000000000000000-00000000000bffff ram: pc.ram\n",
                         kRoms, kIoHoles, kRest));
}

TEST(Q35, OpeningHighSmramAddsOneSection) {
  Q35 q35(/*vga=*/false);
  const FlatView closed = q35.Render();
  q35.Enable(q35.high_smram(), true);
  EXPECT_EQ(q35.Print(),
            absl::StrCat("0000000000000000-00000000000bffff ram: pc.ram\n",
                         kRoms, kIoHoles,
                         "00000000feda0000-00000000fedbffff ram: pc.ram "
                         "@00000000000a0000\n",
                         kRest));
  const FlatViewDiff diff = DiffFlatViews(closed, q35.Render());
  EXPECT_EQ(diff.del.size(), 0u);
  ASSERT_EQ(diff.add.size(), 1u);
  EXPECT_EQ(diff.add[0].gpa, (Range<Gpa>{Gpa(0xfeda0000), Gpa(0xfedbffff)}));
}

// A PAM register that shows RAM in 0xc0000-0xc3fff takes the front off pc.rom;
// the last of them joins all of low memory, which is deleted and added whole.
TEST(Q35, PamShowsRam) {
  Q35 q35(/*vga=*/false);
  const FlatView before = q35.Render();
  q35.Enable(q35.pam()[0], false);
  const FlatView one = q35.Render();
  FlatViewDiff diff = DiffFlatViews(before, one);
  ASSERT_EQ(diff.del.size(), 2u);
  ASSERT_EQ(diff.add.size(), 2u);
  EXPECT_EQ(diff.add[0].gpa, (Range<Gpa>{Gpa(0x0), Gpa(0xc3fff)}));
  EXPECT_EQ(diff.add[1].gpa, (Range<Gpa>{Gpa(0xc4000), Gpa(0xdffff)}));
  EXPECT_EQ(diff.add[1].offset, 0x4000u);
  for (const uint32_t pam : q35.pam()) q35.Enable(pam, false);
  diff = DiffFlatViews(one, q35.Render());
  ASSERT_EQ(diff.add.size(), 1u);
  EXPECT_EQ(diff.add[0].gpa, (Range<Gpa>{Gpa(0x0), Gpa(0x7fffffff)}));
  EXPECT_EQ(diff.del.size(), 4u);
}

}  // namespace
}  // namespace iovalab
