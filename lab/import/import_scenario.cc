#include "lab/import/import_scenario.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "fmt/format.h"
#include "lab/import/import_transactions.h"
#include "lab/scenario/scenario_limits.h"
#include "model/addr/address.h"
#include "model/host/vma.h"

namespace iovalab {
namespace {

using Op = ImportOpKind;

// Host-only memory lies above all RAM, page-aligned, with a page between.
constexpr uint64_t kHostGap = uint64_t{1} << 30;
// Far more than any machine's RAM, far less than would wrap.
constexpr uint64_t kMostMemory = uint64_t{1} << 52;
// VHOST_VDPA_NET_CVQ_ASID (QEMU net/vhost-vdpa.c): QEMU uses no other.
constexpr uint32_t kControlAsid = 1;
constexpr uint64_t kDefaultIovaLast = 0xffffffffffff;

void SetRange(pb::Range* range, uint64_t first, uint64_t last) {
  range->set_first(first);
  range->set_last(last);
}

std::string Identifier(absl::string_view name) {
  std::string id(name.substr(0, 64));
  for (char& c : id) {
    if (!absl::ascii_isalnum(c) && c != '.' && c != '-') c = '_';
  }
  return id;
}

class Writer {
 public:
  Writer(const ImportDevice& device, const ImportBlocks& blocks,
         const ImportScenarioOptions& options)
      : device_(device), blocks_(blocks), options_(options) {}

  absl::StatusOr<pb::Scenario> Run() {
    const std::vector<ImportStep> steps =
        ImportTransactions(device_.ops, blocks_);
    if (const absl::Status status = Check(steps); !status.ok()) return status;
    Head();
    Blocks();
    for (const ImportStep& step : steps) {
      if (step.kind == ImportStep::Kind::kMemory) {
        Memory(step);
      } else {
        Host(step);
      }
    }
    Range();
    const LoadLimits limits;
    if (static_cast<size_t>(out_.region_size()) > limits.max_regions) {
      return TooMany("sections", out_.region_size(), limits.max_regions);
    }
    if (static_cast<size_t>(out_.step_size()) > limits.max_steps) {
      return TooMany("steps", out_.step_size(), limits.max_steps);
    }
    if (static_cast<size_t>(out_.host_buffer_size() + out_.ram_block_size()) >
        limits.max_ram_blocks) {
      return TooMany("blocks and buffers",
                     out_.host_buffer_size() + out_.ram_block_size(),
                     limits.max_ram_blocks);
    }
    if (!FitsUserSpace()) {
      return absl::ResourceExhaustedError(
          "the log's memory takes more addresses than user space has (2^47 "
          "bytes); a damaged line?");
    }
    return std::move(out_);
  }

 private:
  bool FitsUserSpace() const {
    const auto fits = [](const auto& memory) {
      return memory.hva().last() < kTaskSize;
    };
    return std::all_of(out_.ram_block().begin(), out_.ram_block().end(),
                       fits) &&
           std::all_of(out_.host_buffer().begin(), out_.host_buffer().end(),
                       fits);
  }
  static absl::Status TooMany(absl::string_view what, size_t have,
                              size_t most) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the log needs ", have, " ", what, "; a scenario has at most ", most,
        ": import a part of the log"));
  }

  absl::Status Check(const std::vector<ImportStep>& steps) {
    const LoadLimits limits;
    if (steps.size() > limits.max_steps) {
      return TooMany("steps", steps.size(), limits.max_steps);
    }
    uint64_t total = 0;
    for (const ImportBlock& b : blocks_.blocks()) {
      if (b.size == 0 || b.size > kMostMemory - total) {
        return absl::InvalidArgumentError(
            absl::StrCat("line ", b.first_line,
                         ": region_add: sections of more than 2^52 bytes"));
      }
      total += b.size;
      host_base_ = std::max(host_base_, b.base + b.size + kHostGap);
    }
    for (const ImportStep& step : steps) {
      if (step.kind != ImportStep::Kind::kHostMap) continue;
      const ImportOp& map = *step.host;
      if (map.size > kMostMemory - total) {
        return absl::InvalidArgumentError(
            absl::StrCat("line ", map.line, ": dma_map: host-only memory of ",
                         map.size, " bytes; at most 2^52 fit"));
      }
    }
    return absl::OkStatus();
  }

  void Head() {
    out_.set_name(Identifier(options_.name));
    out_.set_summary(fmt::format(
        "Imported from {}: {} sections added, {} deleted. "
        "The guest's requests around each deletion are the importer's.",
        device_.source == ImportSource::kMonitor
            ? "memory maps of a QEMU monitor"
            : absl::StrCat("a QEMU log, device ", device_.name),
        device_.CountOps(Op::kRegionAdd), device_.CountOps(Op::kRegionDel)));
    out_.set_source(options_.source);
    pb::Axis* axis = out_.add_axis();
    axis->set_name("mapping");
    axis->add_value(options_.mapping);
    for (const char* value :
         {"hva", "hva_id", "ram_addr", "gpa", "passthrough"}) {
      if (options_.mapping != value) axis->add_value(value);
    }
  }

  // The default has one address space.
  void Device(const char* name) {
    pb::Axis* axis = out_.add_axis();
    axis->set_name("device");
    axis->add_value(name);
  }

  void Blocks() {
    std::set<std::string> taken;
    for (const ImportBlock& b : blocks_.blocks()) {
      pb::RamBlock* out = out_.add_ram_block();
      std::string name = Identifier(b.name);
      while (!taken.insert(name).second) name += "_";
      out->set_name(name);
      names_[&b] = name;
      SetRange(out->mutable_hva(), b.base, b.base + (b.size - 1));
    }
  }

  // What the device offers; where the log does not say, enough.
  void Range() {
    uint64_t last = kDefaultIovaLast;
    for (const pb::Region& r : out_.region()) {
      // The listener compares a section's exclusive end with it.
      if (r.addr().last() >= last) last = UINT64_MAX;
    }
    if (device_.has_range) {
      SetRange(out_.mutable_vmm()->mutable_iova_range(), device_.iova_first,
               device_.iova_last);
    } else if (last != kDefaultIovaLast) {
      SetRange(out_.mutable_vmm()->mutable_iova_range(), 0, last);
    }
  }

  const std::string& Region(const ImportSection& s) {
    const auto [it, is_new] = regions_.try_emplace(s);
    if (!is_new) return it->second;
    std::string name = fmt::format("gpa_{:x}", s.first);
    const int nth = ++names_taken_[name];
    if (nth > 1) name += fmt::format("_{}", nth);
    it->second = name;
    const ImportBlock& block = *blocks_.Find(s.hva);
    pb::Region* out = out_.add_region();
    out->set_name(name);
    SetRange(out->mutable_addr(), s.first, s.last);
    out->set_ram_block(names_[&block]);
    out->set_offset(s.hva - block.hva);
    out->set_readonly(s.readonly);
    out->set_disabled(true);
    return it->second;
  }

  pb::Step* Step(std::string label) {
    pb::Step* step = out_.add_step();
    step->set_label(std::move(label));
    return step;
  }

  void Memory(const ImportStep& in) {
    ++transactions_;
    const std::string tx = fmt::format("tx{}", transactions_);
    std::vector<ImportSection> kept;  // there before and after
    if (in.running && !in.del.empty()) {
      for (const ImportSection& s : in.live) {
        if (!std::binary_search(in.add.begin(), in.add.end(), s)) {
          kept.push_back(s);
        }
      }
    }
    // In flight: what shares memory with the deleted first, then by address.
    std::stable_partition(kept.begin(), kept.end(), [&](const auto& s) {
      return SharedWith(s, in.del) != nullptr;
    });
    int holds = 0;
    for (const ImportSection& s : kept) {
      if (holds == options_.max_holds || requests_ >= options_.max_requests) {
        break;
      }
      Post(fmt::format("{}_hold{}", tx, ++holds), s)->set_hold(true);
    }
    pb::Memory* memory = Step(tx)->mutable_memory();
    for (const ImportSection& s : in.del) memory->add_disable(Region(s));
    for (const ImportSection& s : in.add) memory->add_enable(Region(s));
    for (int i = 1; i <= holds; ++i) {
      Step(fmt::format("{}_go{}", tx, i))
          ->mutable_release()
          ->set_post(fmt::format("{}_hold{}", tx, i));
    }
    if (!in.running || in.del.empty()) return;
    int posts = 0;
    for (const ImportSection& s : in.live) {
      if (posts == options_.max_posts || requests_ >= options_.max_requests) {
        break;
      }
      Post(fmt::format("{}_post{}", tx, ++posts), s);
    }
  }

  static const ImportSection* SharedWith(
      const ImportSection& s, const std::vector<ImportSection>& others) {
    for (const ImportSection& o : others) {
      if (s.hva <= o.hva + (o.last - o.first) &&
          o.hva <= s.hva + (s.last - s.first)) {
        return &o;
      }
    }
    return nullptr;
  }

  // One page of the section (or all of a smaller one), not at its very
  // beginning: an IOVA that is off shows.
  pb::Post* Post(const std::string& label, const ImportSection& s) {
    ++requests_;
    const uint64_t offset = s.last - s.first >= 0xffff ? 0x5000 : 0;
    const uint64_t first = s.first + offset;
    pb::Post* post = Step(label)->mutable_post();
    pb::Post::Buffer* buffer = post->add_buffer();
    SetRange(buffer->mutable_gpa(), first,
             std::min(s.last, first + (kPageSize - 1)));
    buffer->set_writable(!s.readonly);
    return post;
  }

  void Host(const ImportStep& in) {
    const ImportOp& map = *in.host;
    if (in.kind == ImportStep::Kind::kHostUnmap) {
      const auto it = mapped_.find(in.host);
      if (it == mapped_.end()) return;
      Step(fmt::format("{}_unmap{}", it->second, ++unmaps_))
          ->mutable_host_unmap()
          ->set_host_buffer(it->second);
      free_[{map.hva, map.size}].push_back(it->second);
      mapped_.erase(it);
      return;
    }
    std::vector<std::string>& again = free_[{map.hva, map.size}];
    std::string name;
    if (!again.empty()) {
      name = again.back();
      again.pop_back();
    } else {
      name = fmt::format("host{}", out_.host_buffer_size());
      pb::HostBuffer* buffer = out_.add_host_buffer();
      buffer->set_name(name);
      host_base_ = PageUp(host_base_);
      const uint64_t size = PageUp(map.size);
      SetRange(buffer->mutable_hva(), host_base_, host_base_ + (size - 1));
      host_base_ += size + kPageSize;
    }
    mapped_[in.host] = name;
    pb::HostMap* step =
        Step(fmt::format("{}_map{}", name, ++maps_))->mutable_host_map();
    step->set_host_buffer(name);
    step->set_readonly(map.perm == kPermReadOnly);
    if (map.perm == kPermWriteOnly) step->set_access(pb::HostMap::WRITE_ONLY);
    if (map.has_asid && map.asid == kControlAsid) {
      step->set_asid(kControlAsid);
      if (!own_space_) Device("vdpa_sim_net");
      own_space_ = true;
    }
  }

  static constexpr uint32_t kPermReadOnly = 1;
  static constexpr uint32_t kPermWriteOnly = 2;

  const ImportDevice& device_;
  const ImportBlocks& blocks_;
  const ImportScenarioOptions& options_;
  pb::Scenario out_;
  std::map<const ImportBlock*, std::string> names_;
  std::map<ImportSection, std::string> regions_;
  std::map<std::string, int> names_taken_;
  std::map<const ImportOp*, std::string> mapped_;
  std::map<std::pair<uint64_t, uint64_t>, std::vector<std::string>> free_;
  uint64_t host_base_ = ImportBlocks::kFirstBase;
  bool own_space_ = false;  // a control queue has an address space of its own
  int transactions_ = 0, requests_ = 0, maps_ = 0, unmaps_ = 0;
};

}  // namespace

int ChooseImportDevice(const Import& import) {
  int chosen = -1;
  size_t most = 0;
  for (size_t i = 0; i < import.devices.size(); ++i) {
    const size_t events = import.devices[i].CountOps(Op::kRegionAdd) +
                          import.devices[i].CountOps(Op::kRegionDel);
    if (events > most) {
      most = events;
      chosen = static_cast<int>(i);
    }
  }
  return chosen;
}

absl::StatusOr<pb::Scenario> ScenarioFromImport(
    const ImportDevice& device, const ImportBlocks& blocks,
    const ImportScenarioOptions& options) {
  return Writer(device, blocks, options).Run();
}

}  // namespace iovalab
