#include "model/machine_random.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/random.h"

namespace iovalab {
namespace {

constexpr uint64_t kStream = 77;
constexpr uint64_t kPages = 64;  // of the guest's address space
constexpr uint64_t kFirstHva = 0x7f0000000000;

class Generator {
 public:
  Generator(uint64_t seed, const RandomScenarioOptions& options)
      : random_(seed, kStream), options_(options) {}

  Scenario Make() {
    s_.name = "random";
    for (uint64_t n = random_.InRange(1, 3); n > 0; --n) AddBlock();
    for (uint64_t n = random_.Below(3); n > 0; --n) AddHostBuffer();
    for (uint64_t n = random_.InRange(2, 8); n > 0; --n) AddRegion();
    if (random_.Chance(1, 4)) AddRow();
    s_.in_flight = static_cast<uint32_t>(random_.InRange(1, 4));
    s_.latency_ns = random_.InRange(0, 4000);
    s_.jitter_ns = Hostile(3) ? random_.Below(5000) : 0;
    if (Hostile(3)) s_.iova_range.last = Iova(random_.InRange(4, 70) * 0x1000);
    if (Hostile(6)) s_.iova_range.first = Iova(random_.InRange(1, 9) * 0x1000);
    if (Hostile(4)) s_.memlock = random_.InRange(4, 80) * kPageSize;
    s_.no_batch = Hostile(3);
    s_.listener_off_at_start = Hostile(6);
    while (s_.steps.size() < static_cast<size_t>(options_.steps)) AddStep();
    return std::move(s_);
  }

 private:
  bool Hostile(uint64_t one_in) {
    return options_.hostile && random_.Chance(1, one_in);
  }

  std::vector<PhysicalRunSpec> Layout(uint64_t size) {
    PhysicalRunSpec run;
    run.last_offset = size - 1;
    run.chunk = random_.Chance(1, 2) ? size : kPageSize;
    run.stride = run.chunk * (1 + random_.Below(2));
    run.hpa = Hpa(next_hpa_);
    next_hpa_ += run.stride * (size / run.chunk) + kPageSize;
    return {run};
  }

  // Addresses that often touch, so that HVA neighbours exist.
  Range<Hva> Hvas(uint64_t size) {
    if (random_.Chance(1, 2)) next_hva_ += 0x100000;
    const Range<Hva> hva{Hva(next_hva_), Hva(next_hva_ + size - 1)};
    next_hva_ += size;
    return hva;
  }

  void AddBlock() {
    const uint64_t size = random_.InRange(4, 24) * kPageSize;
    RamBlockSpec block;
    block.name = absl::StrCat("block", s_.ram_blocks.size());
    block.hva = Hvas(size);
    block.ram_addr = RamAddr(next_ram_addr_);
    next_ram_addr_ += size;
    block.physical = Layout(size);
    block.shared = !Hostile(6);
    s_.ram_blocks.push_back(block);
  }

  void AddHostBuffer() {
    HostBufferSpec buffer;
    const uint64_t size = random_.InRange(1, 3) * kPageSize;
    buffer.name = absl::StrCat("host", s_.host_buffers.size());
    buffer.hva = Hvas(size);
    buffer.physical = Layout(size);
    s_.host_buffers.push_back(buffer);
  }

  uint64_t SizeOf(const RegionSpec& region) {
    return region.addr.last - region.addr.first + 1;
  }

  // A piece of `size` bytes: its offset and length, whole pages but for the
  // hostile.
  std::pair<uint64_t, uint64_t> Piece(uint64_t size) {
    const uint64_t pages = size / kPageSize;
    const uint64_t first = random_.Below(pages);
    uint64_t offset = first * kPageSize;
    uint64_t length = random_.InRange(1, pages - first) * kPageSize;
    if (Hostile(8) && length > 0x800) offset += 0x800, length -= 0x800;
    if (Hostile(8) && length > 0x800) length -= 0x800;
    return {offset, length};
  }

  void AddRegion() {
    RegionSpec region;
    region.name = absl::StrCat("region", s_.regions.size());
    region.priority = static_cast<int32_t>(random_.InRange(0, 3)) - 1;
    region.enabled = random_.Chance(3, 4);
    region.readonly = random_.Chance(1, 6);
    uint64_t length = random_.InRange(1, 8) * kPageSize;
    uint64_t gpa = random_.Below(random_.Chance(1, 3) ? 8 : kPages) * kPageSize;
    const uint64_t what = random_.Below(12);
    if (what == 0) {
      region.kind = RegionKind::kIo;
      region.readonly = false;
      region.priority = 2;
    } else if (what == 1) {
      region.kind = RegionKind::kContainer;
      length = random_.InRange(2, 16) * kPageSize;
    } else if (what < 5 && !s_.regions.empty()) {
      region.alias_of = static_cast<uint32_t>(random_.Below(s_.regions.size()));
      const uint64_t size = SizeOf(s_.regions[region.alias_of]);
      if (size >= kPageSize) {
        std::tie(region.offset, length) = Piece(size);
      } else {
        length = size;
      }
    } else {
      region.ram_block =
          static_cast<uint32_t>(random_.Below(s_.ram_blocks.size()));
      const RamBlockSpec& block = s_.ram_blocks[region.ram_block];
      std::tie(region.offset, length) =
          Piece(block.hva.last - block.hva.first + 1);
      region.is_protected = Hostile(10);
    }
    // As real machines do, region and memory agree within the page.
    gpa += region.offset % kPageSize;
    if (Hostile(10)) gpa += 0x400;
    region.addr = {Gpa(gpa), Gpa(gpa + length - 1)};
    if (random_.Chance(1, 4) && !ShowsContainer(region)) {
      region.container = AnyContainer();
    }
    s_.regions.push_back(region);
  }

  // What an array of the scenario's text comes to: pieces of one block with
  // gaps between them.
  void AddRow() {
    const auto block =
        static_cast<uint32_t>(random_.Below(s_.ram_blocks.size()));
    const Range<Hva>& hva = s_.ram_blocks[block].hva;
    const uint64_t pages = (hva.last - hva.first + 1) / kPageSize;
    const uint64_t first = random_.Below(kPages) * kPageSize;
    row_ = {static_cast<uint32_t>(s_.regions.size()), 0};
    for (uint64_t i = 0; i < std::min<uint64_t>(pages, 6); ++i) {
      RegionSpec region;
      region.name = absl::StrCat("row[", i, "]");
      region.ram_block = block;
      region.offset = i * kPageSize;
      const uint64_t gpa = first + i * 3 * kPageSize;
      region.addr = {Gpa(gpa), Gpa(gpa + kPageSize - 1)};
      region.enabled = random_.Chance(1, 2);
      s_.regions.push_back(region);
      ++row_.second;
    }
  }

  // Such an alias stays out of containers, so that nothing shows itself.
  bool ShowsContainer(const RegionSpec& region) const {
    const RegionSpec* shown = &region;
    while (shown->alias_of != kNoIndex) shown = &s_.regions[shown->alias_of];
    return shown != &region && shown->kind == RegionKind::kContainer;
  }

  // An earlier one.
  uint32_t AnyContainer() {
    uint32_t container = kNoIndex;
    for (uint32_t i = 0; i < s_.regions.size(); ++i) {
      if (s_.regions[i].kind != RegionKind::kContainer) continue;
      if (container == kNoIndex || random_.Chance(1, 2)) container = i;
    }
    return container;
  }

  uint32_t AnyRegion() {
    return static_cast<uint32_t>(random_.Below(s_.regions.size()));
  }

  Range<Gpa> AnyBuffer() {
    uint64_t first = random_.Below(kPages) * kPageSize;
    // Mostly in some region, where it matters.
    if (random_.Chance(4, 5)) {
      const RegionSpec& region = s_.regions[AnyRegion()];
      first = region.addr.first.value +
              random_.Below(SizeOf(region) / 0x200 + 1) * 0x200;
    }
    const uint64_t length = random_.InRange(1, 24) * 0x200;
    return {Gpa(first), Gpa(first + length - 1)};
  }

  void AddStep() {
    StepSpec step;
    const auto index = static_cast<uint32_t>(s_.steps.size());
    step.label = absl::StrCat("s", index);
    if (index == 0 || random_.Chance(1, 4)) {
      now_ += Hostile(2) ? random_.Below(3000) : random_.Below(40000);
      step.at_ns = now_;
    } else if (random_.Chance(1, 4)) {
      step.after = static_cast<uint32_t>(random_.Below(index));
    } else {
      step.after = index - 1;
    }
    if (random_.Chance(1, 4)) step.delay_ns = random_.Below(3000);
    Fill(&step, index);
    s_.steps.push_back(step);
  }

  void Fill(StepSpec* step, uint32_t index) {
    switch (random_.Below(13)) {
      case 0:
        step->kind = StepKind::kProbe;
        step->iova.first = Iova(random_.Below(kPages * 8) * 0x200);
        step->iova.last =
            step->iova.first + (random_.InRange(1, 16) * 0x200 - 1);
        step->writable = random_.Chance(1, 2);
        return;
      case 1:
        if (s_.host_buffers.empty()) break;
        step->host_buffer =
            static_cast<uint32_t>(random_.Below(s_.host_buffers.size()));
        host_maps_.resize(s_.host_buffers.size());
        if (std::deque<uint32_t>& maps = host_maps_[step->host_buffer];
            random_.Chance(1, 2 + 2 * maps.size()) || maps.empty()) {
          step->kind = StepKind::kHostMap;
          step->readonly = random_.Chance(1, 4);
          step->asid = SpaceOf(step->host_buffer);
          maps.push_back(step->asid);
        } else {
          step->kind = StepKind::kHostUnmap;
          step->asid = maps.front();
          maps.pop_front();
        }
        // So that the order in time is that of the file.
        if (last_host_step_) step->after = *last_host_step_;
        last_host_step_ = index;
        step->at_ns = 0;
        if (step->after == kNoIndex) step->at_ns = now_;
        return;
      case 2:
        if (!Hostile(2)) break;
        step->kind = StepKind::kListener;
        step->registered = random_.Chance(2, 3);
        step->again = step->registered && random_.Chance(1, 3);
        return;
      case 3:
      case 4:
      case 5:
        return FillMemory(step);
      case 6:
        if (held_.empty()) break;
        step->kind = StepKind::kRelease;
        step->post = held_.back();
        held_.pop_back();
        if (step->after != kNoIndex) step->after = index - 1;
        return;
      case 7:
        if (s_.host_buffers.empty()) break;
        return FillHostPost(step, index);
      default:
        break;
    }
    step->kind = StepKind::kPost;
    for (uint64_t n = random_.InRange(1, 3); n > 0; --n) {
      step->buffers.push_back({AnyBuffer(), random_.Chance(1, 2)});
    }
    step->hold = random_.Chance(1, 5);
    if (step->hold) held_.push_back(index);
  }

  // A buffer has one, but with the hostile.
  uint32_t SpaceOf(uint32_t buffer) {
    return Hostile(6)
               ? static_cast<uint32_t>(random_.Below(options_.address_spaces))
               : buffer % options_.address_spaces;
  }

  void FillHostPost(StepSpec* step, uint32_t index) {
    step->kind = StepKind::kHostPost;
    uint32_t buffer =
        static_cast<uint32_t>(random_.Below(s_.host_buffers.size()));
    step->asid = SpaceOf(buffer);
    for (uint64_t n = random_.InRange(1, 2); n > 0; --n) {
      const Range<Hva>& hva = s_.host_buffers[buffer].hva;
      const uint64_t size = hva.last - hva.first + 1;
      // Often to the end, where R1 is.
      const uint64_t from = random_.Below(size / 0x200) * 0x200;
      uint64_t last = random_.Chance(1, 2)
                          ? size - 1
                          : from + random_.Below((size - from) / 0x200) * 0x200;
      const bool goes_on =
          buffer + 1 < s_.host_buffers.size() &&
          s_.host_buffers[buffer + 1].hva.first == hva.last + 1;
      if (goes_on && Hostile(4)) last = size + 0x1ff;
      step->host_pieces.push_back(
          {{hva.first + from, hva.first + last}, random_.Chance(1, 2)});
    }
    step->hold = random_.Chance(1, 6);
    if (step->hold) held_.push_back(index);
  }

  void FillMemory(StepSpec* step) {
    step->kind = StepKind::kMemory;
    if (row_.second > 0 && random_.Chance(1, 4)) {
      step->each = random_.Chance(1, 2);
      std::vector<uint32_t>& list =
          random_.Chance(1, 2) ? step->enable : step->disable;
      for (uint32_t i = 0; i < row_.second; ++i) {
        list.push_back(row_.first + i);
      }
      return;
    }
    for (uint64_t n = random_.InRange(1, 3); n > 0; --n) {
      const uint32_t r = AnyRegion();
      switch (random_.Below(6)) {
        case 0:
          step->make_readonly.push_back(r);
          break;
        case 1:
          step->make_writable.push_back(r);
          break;
        case 2:
        case 3:
          step->enable.push_back(r);
          break;
        default:
          step->disable.push_back(r);
      }
    }
  }

  sim::Random random_;
  RandomScenarioOptions options_;
  Scenario s_;
  uint64_t next_hva_ = kFirstHva;
  uint64_t next_hpa_ = 0x100000000;
  uint64_t next_ram_addr_ = 0;
  uint64_t now_ = 0;
  std::vector<uint32_t> held_;
  // By buffer: the address spaces of its mappings, oldest first.
  std::vector<std::deque<uint32_t>> host_maps_;
  std::pair<uint32_t, uint32_t> row_{0, 0};  // its first region, how many
  std::optional<uint32_t> last_host_step_;
};

}  // namespace

Scenario RandomScenario(uint64_t seed, const RandomScenarioOptions& options) {
  return Generator(seed, options).Make();
}

}  // namespace iovalab
