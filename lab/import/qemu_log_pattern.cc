#include "lab/import/qemu_log_pattern.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace iovalab {
namespace {

using K = QemuEventKind;
constexpr int kNewline = QemuEventRow::kNewline;

constexpr absl::string_view kMap =
    "vdpa{_shared}: %x fd: %d msg_type: %d{ asid: %d} iova: %x size: %x uaddr: "
    "%x perm: %x{ type: %d}";
constexpr absl::string_view kUnmap =
    "vdpa{_shared}: %x fd: %d msg_type: %d{ asid: %d} iova: %x size: %x{ type: "
    "%d}";
constexpr absl::string_view kBatch =
    "vdpa{_shared}: %x fd: %d msg_type: %d{ type: %d}{ asid: %d}";

// In order of name. Names that only list patches have are marked so.
constexpr std::array kRows = {
    QemuEventRow{"vfio_listener_region_add_iommu", K::kVfioIommu,
                 "region_add [iommu] %x - %x", kNewline},
    QemuEventRow{"vfio_listener_region_add_iommu", K::kVfioIommu,
                 "region_add [iommu] %n 0x%x - %x", kNewline},
    QemuEventRow{"vfio_listener_region_add_ram", K::kVfioAdd,
                 "region_add [ram] %x - %x [%x]"},
    QemuEventRow{"vfio_listener_region_add_skip", K::kVfioSkip,
                 "SKIPPING region_add %x - %x", kNewline},
    QemuEventRow{"vfio_listener_region_del", K::kVfioDel, "region_del %x - %x",
                 kNewline},
    QemuEventRow{"vfio_listener_region_del_skip", K::kVfioSkip,
                 "SKIPPING region_del %x - %x", kNewline},
    QemuEventRow{"vfio_listener_region_skip", K::kVfioSkip,
                 "SKIPPING %n 0x%x - %x", kNewline},
    QemuEventRow{"vhost_commit", K::kVhostCommit, "Started: %d Changed: %d"},
    QemuEventRow{"vhost_dev_cleanup", K::kIgnored, ""},
    QemuEventRow{"vhost_dev_start", K::kIgnored, ""},
    QemuEventRow{"vhost_dev_stop", K::kIgnored, ""},
    QemuEventRow{"vhost_iotlb_miss", K::kIgnored, ""},
    QemuEventRow{"vhost_region_add_section", K::kVhostRegion, "%n: %x+%x @ %x",
                 kNewline},
    QemuEventRow{"vhost_region_add_section_aligned", K::kVhostRegionAligned,
                 "%n: %x+%x @ %x", kNewline},
    QemuEventRow{"vhost_region_add_section_merge", K::kIgnored, ""},
    QemuEventRow{"vhost_reject_section", K::kIgnored, ""},
    QemuEventRow{"vhost_section", K::kIgnored, ""},
    QemuEventRow{"vhost_user_read", K::kIgnored, ""},
    QemuEventRow{"vhost_user_write", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_add_status", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_cleanup", K::kDevCleanup, "dev: %x vdpa: %x"},
    QemuEventRow{"vhost_vdpa_dev_start", K::kDevStart, "dev: %x started: %d"},
    // Both list patches.
    QemuEventRow{"vhost_vdpa_dma_batch_begin", K::kBatchBegin, kBatch},
    QemuEventRow{"vhost_vdpa_dma_batch_end", K::kBatchEnd, kBatch},
    QemuEventRow{"vhost_vdpa_dma_map", K::kDmaMap, kMap, 8},
    QemuEventRow{"vhost_vdpa_dma_unmap", K::kDmaUnmap, kUnmap, 6},
    QemuEventRow{"vhost_vdpa_dump_config", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_dump_regions", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_get_config", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_get_device_id", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_get_features", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_get_iova_range", K::kIovaRange,
                 "dev: %x first: %x last: %x", kNewline},
    QemuEventRow{"vhost_vdpa_get_vq_index", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_get_vring_base", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_init", K::kDevInit,
                 "dev: %x{, common dev: %x} vdpa: %x"},
    QemuEventRow{"vhost_vdpa_listener_begin_batch", K::kBatchBegin, kBatch},
    QemuEventRow{"vhost_vdpa_listener_commit", K::kBatchEnd, kBatch},
    QemuEventRow{"vhost_vdpa_listener_region_add", K::kRegionAdd,
                 "vdpa{_shared}: %x iova %x llend %x vaddr: %x read-only: %d"},
    QemuEventRow{"vhost_vdpa_listener_region_del", K::kRegionDel,
                 "vdpa{_shared}: %x iova %x llend %x", kNewline},
    // List patches.
    QemuEventRow{"vhost_vdpa_map_batch_begin", K::kBatchBegin, kBatch},
    QemuEventRow{"vhost_vdpa_memslots_limit", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_reset_device", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_set_config", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_set_config_call", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_set_dev_vring_base", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_set_features", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_set_mem_table", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_set_owner", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_set_vring_addr", K::kVringAddr,
                 "dev: %x index: %d flags*"},
    QemuEventRow{"vhost_vdpa_set_vring_base", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_set_vring_call", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_set_vring_enable_one", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_set_vring_kick", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_set_vring_num", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_set_vring_ready", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_skipped_memory_section", K::kSkipped,
                 "is_ram=%d, is_iommu=%d, is_protected=%d, is_ram_device=%d "
                 "iova_min=%x iova_last=%x page_mask*"},
    QemuEventRow{"vhost_vdpa_suspend", K::kIgnored, ""},
    QemuEventRow{"vhost_vdpa_vq_get_addr", K::kIgnored, ""},
    QemuEventRow{"virtio_set_status", K::kIgnored, ""},
    QemuEventRow{"vtd_dmar_enable", K::kIgnored, ""},
    QemuEventRow{"vtd_dmar_fault", K::kVtdFault,
                 "sid %x fault %d addr %x write %d"},
    QemuEventRow{"vtd_dmar_translate", K::kIgnored, ""},
    QemuEventRow{"vtd_frr_new", K::kIgnored, ""},
    QemuEventRow{"vtd_fsts_ppf", K::kIgnored, ""},
    QemuEventRow{"vtd_inv_desc_iotlb_global", K::kIgnored, ""},
    QemuEventRow{"vtd_inv_desc_iotlb_pages", K::kIgnored, ""},
    QemuEventRow{"vtd_iotlb_page_hit", K::kIgnored, ""},
    QemuEventRow{"vtd_iotlb_page_update", K::kIgnored, ""},
    QemuEventRow{"vtd_page_walk_level", K::kIgnored, ""},
    QemuEventRow{"vtd_page_walk_one", K::kIgnored, ""},
    QemuEventRow{"vtd_reg_dmar_root", K::kIgnored, ""},
};

constexpr bool Sorted() {
  for (size_t i = 1; i < kRows.size(); ++i) {
    if (kRows[i].name < kRows[i - 1].name) return false;
  }
  return true;
}
static_assert(Sorted());

int HexDigit(char c) {
  if ('0' <= c && c <= '9') return c - '0';
  if ('a' <= c && c <= 'f') return c - 'a' + 10;
  if ('A' <= c && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Length of the number at the start of `text`; 0 where there is none, or where
// it does not fit 64 bits.
size_t ScanHex(absl::string_view text, uint64_t* value) {
  if (absl::StartsWith(text, "(nil)")) {
    *value = 0;
    return 5;
  }
  size_t begin = absl::StartsWith(text, "0x") ? 2 : 0;
  uint64_t v = 0;
  size_t i = begin;
  for (; i < text.size() && HexDigit(text[i]) >= 0; ++i) {
    if (v >> 60 != 0) return 0;
    v = v << 4 | static_cast<uint64_t>(HexDigit(text[i]));
  }
  if (i == begin) return 0;
  *value = v;
  return i;
}

size_t ScanDecimal(absl::string_view text, uint64_t* value) {
  const size_t begin = absl::StartsWith(text, "-") ? 1 : 0;
  uint64_t v = 0;
  size_t i = begin;
  for (; i < text.size() && absl::ascii_isdigit(text[i]); ++i) {
    const uint64_t digit = static_cast<uint64_t>(text[i] - '0');
    if (v > (UINT64_MAX - digit) / 10) return 0;
    v = v * 10 + digit;
  }
  if (i == begin) return 0;
  *value = begin == 1 ? ~v + 1 : v;
  return i;
}

// Bounds on the backtracking over hostile lines.
constexpr size_t kMaxName = 256;
constexpr size_t kMaxSpaces = 8;

int NumbersIn(absl::string_view pattern) {
  int n = 0;
  for (size_t i = 0; i + 1 < pattern.size(); ++i) {
    n += pattern[i] == '%' && pattern[i + 1] != 'n';
  }
  return n;
}

struct Matcher {
  absl::string_view text;
  QemuEvent* event;

  void Store(int word, uint64_t value) {
    if (word >= static_cast<int>(event->word.size())) return;
    event->word[word] = value;
    event->present |= 1u << word;
  }

  // A name cannot be told from what follows it but by trying: longest first.
  size_t Name(absl::string_view rest, size_t pos, int word) {
    const size_t longest = std::min(text.size(), pos + kMaxName);
    for (size_t end = longest; end > pos; --end) {
      const QemuEvent saved = *event;
      const size_t used = Match(rest, end, word);
      if (used != absl::string_view::npos) {
        event->name = absl::StripAsciiWhitespace(text.substr(pos, end - pos));
        return used;
      }
      *event = saved;
    }
    return absl::string_view::npos;
  }

  size_t Group(absl::string_view pattern, size_t pos, int word) {
    const size_t close = pattern.find('}');
    const absl::string_view inner = pattern.substr(1, close - 1);
    const absl::string_view rest = pattern.substr(close + 1);
    const int skipped = word + NumbersIn(inner);
    const QemuEvent saved = *event;
    const size_t with = Match(inner, pos, word);
    if (with != absl::string_view::npos) {
      const size_t used = Match(rest, with, skipped);
      if (used != absl::string_view::npos) return used;
    }
    *event = saved;
    return Match(rest, pos, skipped);
  }

  size_t Match(absl::string_view pattern, size_t pos, int word) {
    constexpr size_t kNo = absl::string_view::npos;
    while (!pattern.empty()) {
      if (pattern[0] == '{') return Group(pattern, pos, word);
      if (pattern[0] == ' ') {
        const size_t end = std::min(text.size(), pos + kMaxSpaces);
        while (pos < end && text[pos] == ' ') ++pos;
        pattern.remove_prefix(1);
      } else if (pattern[0] == '*') {
        return text.size();
      } else if (pattern[0] == '%') {
        if (pattern[1] == 'n') return Name(pattern.substr(2), pos, word);
        uint64_t value = 0;
        const absl::string_view here = text.substr(pos);
        const size_t used = pattern[1] == 'x' ? ScanHex(here, &value)
                                              : ScanDecimal(here, &value);
        if (used == 0) return kNo;
        Store(word++, value);
        pos += used;
        pattern.remove_prefix(2);
      } else {
        if (pos >= text.size() || text[pos] != pattern[0]) return kNo;
        ++pos;
        pattern.remove_prefix(1);
      }
    }
    return pos;
  }
};

}  // namespace

absl::Span<const QemuEventRow> FindQemuEventRows(absl::string_view name) {
  const auto first =
      std::lower_bound(kRows.begin(), kRows.end(), name,
                       [](const QemuEventRow& row, absl::string_view n) {
                         return row.name < n;
                       });
  auto last = first;
  while (last != kRows.end() && last->name == name) ++last;
  return absl::MakeConstSpan(kRows).subspan(first - kRows.begin(),
                                            last - first);
}

bool LooksLikeTraceEvent(absl::string_view name) {
  for (const absl::string_view group :
       {"vhost_", "vfio_", "vtd_", "virtio_", "virtqueue_", "memory_region_",
        "iommufd_", "flatview_"}) {
    if (absl::StartsWith(name, group)) return true;
  }
  return false;
}

size_t MatchQemuPattern(absl::string_view pattern, absl::string_view text,
                        QemuEvent* event) {
  return Matcher{text, event}.Match(pattern, 0, 0);
}

}  // namespace iovalab
