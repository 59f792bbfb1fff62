#include "lab/import/vtd/vtd_log.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace iovalab {
namespace {

// Reads numbers one after another; the first that is missing ends all.
class Reader {
 public:
  explicit Reader(absl::string_view text) : rest_(text) {}

  // After the next `key`: a number, hexadecimal with or without 0x.
  Reader& Hex(absl::string_view key, uint64_t& out) {
    return Number(key, 16, out);
  }
  Reader& Hex(absl::string_view key, uint32_t& out) {
    return Narrow(key, 16, out);
  }
  Reader& Decimal(absl::string_view key, uint64_t& out) {
    return Number(key, 10, out);
  }
  Reader& Decimal(absl::string_view key, uint32_t& out) {
    return Narrow(key, 10, out);
  }
  Reader& Bool(absl::string_view key, bool& out) {
    uint64_t n = 0;
    Number(key, 10, n);
    ok_ = ok_ && n <= 1;
    out = n == 1;
    return *this;
  }
  // BUS:DEVICE.FUNCTION, all hexadecimal.
  Reader& Device(absl::string_view key, uint32_t& source) {
    uint64_t bus = 0, device = 0, function = 0;
    Number(key, 16, bus);
    Number(":", 16, device);
    Number(".", 16, function);
    ok_ = ok_ && bus < 256 && device < 32 && function < 8;
    if (ok_) {
      source = static_cast<uint32_t>(bus << 8 | device << 3 | function);
    }
    return *this;
  }
  bool ok() const { return ok_; }

 private:
  static int Digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = absl::ascii_tolower(static_cast<unsigned char>(c));
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
  }

  Reader& Number(absl::string_view key, int base, uint64_t& out) {
    if (!ok_) return *this;
    const size_t at = rest_.find(key);
    ok_ = at != absl::string_view::npos;
    if (!ok_) return *this;
    rest_.remove_prefix(at + key.size());
    if (base == 16) absl::ConsumePrefix(&rest_, "0x");
    size_t n = 0;
    uint64_t value = 0;
    while (n < rest_.size() && Digit(rest_[n]) < base) {
      const uint64_t digit = static_cast<uint64_t>(Digit(rest_[n]));
      if (value > (UINT64_MAX - digit) / static_cast<uint64_t>(base)) {
        ok_ = false;
        return *this;
      }
      value = value * static_cast<uint64_t>(base) + digit;
      ++n;
    }
    ok_ = n > 0;
    out = value;
    rest_.remove_prefix(n);
    return *this;
  }
  Reader& Narrow(absl::string_view key, int base, uint32_t& out) {
    uint64_t wide = 0;
    Number(key, base, wide);
    ok_ = ok_ && wide <= UINT32_MAX;
    if (ok_) out = static_cast<uint32_t>(wide);
    return *this;
  }

  absl::string_view rest_;
  bool ok_ = true;
};

using Parse = bool (*)(Reader r, VtdLine& line);

bool CacheLine(Reader r, VtdLine& l) {
  return r.Hex(" sid ", l.source)
      .Hex(" iova ", l.address)
      .Hex(" slpte ", l.entry)
      .Hex(" domain ", l.domain)
      .ok();
}

struct Row {
  absl::string_view name;
  VtdLineKind kind;
  Parse parse;
};

// Since 9.2 the entry is called "pte".
bool CacheLineNewer(Reader r, VtdLine& l) {
  return r.Hex(" sid ", l.source)
      .Hex(" iova ", l.address)
      .Hex(" pte ", l.entry)
      .Hex(" domain ", l.domain)
      .ok();
}
bool AnyCacheLine(Reader r, VtdLine& l) {
  return CacheLine(r, l) || CacheLineNewer(r, l);
}

constexpr Row kQemuRows[] = {
    {"vtd_reg_dmar_root", VtdLineKind::kRoot,
     [](Reader r, VtdLine& l) {
       return r.Hex(" addr ", l.address).Bool(" scalable ", l.write).ok();
     }},
    {"vtd_dmar_enable", VtdLineKind::kEnable,
     [](Reader r, VtdLine& l) { return r.Bool(" enable ", l.write).ok(); }},
    {"vtd_iotlb_page_update", VtdLineKind::kCacheUpdate, AnyCacheLine},
    {"vtd_iotlb_page_hit", VtdLineKind::kCacheHit, AnyCacheLine},
    {"vtd_dmar_translate", VtdLineKind::kTranslate,
     [](Reader r, VtdLine& l) {
       return r.Device(" dev ", l.source)
           .Hex(" iova ", l.address)
           .Hex(" gpa ", l.target)
           .Hex(" mask ", l.mask)
           .ok();
     }},
    {"vtd_dmar_fault", VtdLineKind::kFault,
     [](Reader r, VtdLine& l) {
       return r.Hex(" sid ", l.source)
           .Decimal(" fault ", l.reason)
           .Hex(" addr ", l.address)
           .Bool(" write ", l.write)
           .ok();
     }},
    {"vtd_frr_new", VtdLineKind::kRecord,
     [](Reader r, VtdLine& l) {
       return r.Decimal(" index ", l.index)
           .Hex(" high ", l.high)
           .Hex(" low ", l.low)
           .ok();
     }},
    {"vtd_fsts_ppf", VtdLineKind::kPending,
     [](Reader r, VtdLine& l) { return r.Bool(" set to ", l.write).ok(); }},
    {"vtd_inv_desc_iotlb_pages", VtdLineKind::kFlushPages,
     [](Reader r, VtdLine& l) {
       return r.Hex(" domain ", l.domain)
                  .Hex(" addr ", l.address)
                  .Hex(" mask ", l.mask)
                  .ok() &&
              l.mask < 64;
     }},
    {"vtd_inv_desc_iotlb_domain", VtdLineKind::kFlushDomain,
     [](Reader r, VtdLine& l) { return r.Hex(" domain ", l.domain).ok(); }},
    {"vtd_inv_desc_iotlb_global", VtdLineKind::kFlushGlobal,
     [](Reader, VtdLine&) { return true; }},
};

void Finish(bool ok, VtdLineKind kind, VtdLine& line) {
  line.kind = ok ? kind : VtdLineKind::kDamaged;
}

bool ParseQemu(absl::string_view text, VtdLine& line) {
  const size_t name_at = text.find("vtd_");
  if (name_at == absl::string_view::npos) return false;
  // At the line's start, or after "TID@SECONDS.MICROS:".
  if (name_at != 0 && text[name_at - 1] != ':') return false;
  const absl::string_view event = text.substr(name_at);
  const absl::string_view name = event.substr(0, event.find(' '));
  for (const Row& row : kQemuRows) {
    if (row.name != name) continue;
    Finish(row.parse(Reader(event.substr(name.size())), line), row.kind, line);
    return true;
  }
  return false;
}

// "TASK-PID [CPU] FLAGS SECONDS.MICROS: EVENT: TEXT".
std::optional<uint64_t> FtraceMicros(absl::string_view before) {
  before = absl::StripAsciiWhitespace(before);
  const size_t space = before.find_last_of(' ');
  if (space == absl::string_view::npos) return std::nullopt;
  uint64_t seconds = 0, micros = 0;
  Reader r(before.substr(space));
  if (!r.Decimal(" ", seconds).Decimal(".", micros).ok() ||
      seconds > UINT32_MAX || micros > 999999) {
    return std::nullopt;
  }
  return seconds * 1000000 + micros;
}

bool MapRange(Reader& r, VtdLine& l) {
  uint64_t end = 0;
  if (!r.Hex("iova=", l.address).Hex(" - ", end).ok()) return false;
  l.last = end - 1;  // end is exclusive; 0 stands for 2^64
  return end != l.address && l.last >= l.address;
}

bool ParseFtrace(absl::string_view text, VtdLine& line) {
  if (absl::StartsWith(text, "# entries-in-buffer/entries-written:")) {
    Reader r(text);
    Finish(r.Decimal("written: ", line.mask).Decimal("/", line.target).ok(),
           VtdLineKind::kEntries, line);
    return true;
  }
  const struct {
    absl::string_view mark;
    VtdLineKind kind;
  } kinds[] = {{": map: IOMMU:", VtdLineKind::kMap},
               {": unmap: IOMMU:", VtdLineKind::kUnmap},
               {": qi_submit: iotlb_inv ", VtdLineKind::kCommand}};
  for (const auto& k : kinds) {
    const size_t at = text.find(k.mark);
    if (at == absl::string_view::npos) continue;
    const std::optional<uint64_t> micros = FtraceMicros(text.substr(0, at));
    line.micros = micros.value_or(0);
    Reader r(text.substr(at + k.mark.size()));
    bool ok = micros.has_value();
    if (k.kind == VtdLineKind::kCommand) {
      ok = ok && r.Hex(": ", line.high).Hex(" ", line.low).ok();
    } else {
      ok = ok && MapRange(r, line);
      if (k.kind == VtdLineKind::kMap) {
        ok = ok && r.Hex(" paddr=", line.target).ok();
      }
    }
    Finish(ok, k.kind, line);
    return true;
  }
  return false;
}

bool ParseDmesg(absl::string_view text, VtdLine& line) {
  const size_t at = text.find("DMAR: ");
  if (at == absl::string_view::npos) return false;
  const absl::string_view message =
      absl::StripTrailingAsciiWhitespace(text.substr(at));
  Reader r(message);
  if (absl::StartsWith(message, "DMAR: DRHD: handling fault status reg ")) {
    Finish(r.Hex(" status reg ", line.address).ok(), VtdLineKind::kDmesgStatus,
           line);
  } else if (absl::StartsWith(message, "DMAR: Host address width ")) {
    Finish(r.Decimal(" width ", line.address).ok(), VtdLineKind::kDmesgWidth,
           line);
  } else if (absl::StartsWith(message, "DMAR: [DMA ")) {
    line.write = absl::StartsWith(message, "DMAR: [DMA Write");
    Finish(r.Device(" device [", line.source)
               .Hex(" fault addr ", line.address)
               .Hex("[fault reason ", line.reason)
               .ok(),
           VtdLineKind::kDmesgFault, line);
  } else {
    return false;
  }
  line.text = std::string(message);
  return true;
}

}  // namespace

VtdLine ParseVtdLine(absl::string_view text) {
  VtdLine line;
  if (!ParseQemu(text, line) && !ParseFtrace(text, line)) {
    ParseDmesg(text, line);
  }
  return line;
}

VtdFileKind DetectVtdFile(absl::string_view beginning) {
  while (!beginning.empty()) {
    const size_t end = beginning.find('\n');
    const absl::string_view text = beginning.substr(0, end);
    if (absl::StartsWith(text, "# tracer:")) return VtdFileKind::kFtrace;
    const VtdLineKind kind = ParseVtdLine(text).kind;
    if (kind >= VtdLineKind::kDmesgFault) return VtdFileKind::kDmesg;
    if (kind >= VtdLineKind::kMap) return VtdFileKind::kFtrace;
    if (kind >= VtdLineKind::kRoot) return VtdFileKind::kQemu;
    // A kernel's log, before its first fault.
    if (absl::StrContains(text, "] DMAR: ")) return VtdFileKind::kDmesg;
    if (end == absl::string_view::npos) break;
    beginning.remove_prefix(end + 1);
  }
  return VtdFileKind::kNone;
}

absl::string_view VtdFileKindName(VtdFileKind kind) {
  constexpr absl::string_view kNames[] = {"none", "QEMU trace", "ftrace",
                                          "dmesg"};
  return kNames[static_cast<int>(kind)];
}

}  // namespace iovalab
