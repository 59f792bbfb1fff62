#include "lab/conform/conform_vdpa_host.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sim/check.h"

namespace iovalab {
namespace {

constexpr uint64_t kMiB = 0x100000;
constexpr uint64_t kHuge = 2 * kMiB;
constexpr auto kShared = MemoryKind::kSharedFile;
constexpr auto kPrivate = MemoryKind::kPrivateAnonymous;

struct Buffer {
  absl::string_view name;
  uint64_t hva;
};

// In address order (vectors/README.md).
constexpr Buffer kBuffers[] = {
    {"H", 0x1000000000}, {"J", 0x1100000000}, {"A", 0x1200000000},
    {"R", 0x1300000000}, {"S", 0x1400000000}, {"Z", 0x1600000000},
    {"P", 0x1700000000}, {"U", 0x1800000000}, {"Q", 0x1900000000},
    {"X", 0x1a00000000}, {"N", 0x1b00000000},
};
constexpr uint64_t kBufferX = 0x1a00000000;

void MustBe(const absl::Status& status) {
  sim::Check(status.ok(), "the recording program's memory is wrong");
}

std::string Symbol(absl::string_view name, uint64_t offset) {
  return absl::StrCat(name, "+0x", absl::Hex(offset));
}

// Length of "X" or "X#12" at the start of text; 0 if it is neither.
size_t XNameLength(absl::string_view text) {
  if (text.empty() || text[0] != 'X') return 0;
  size_t n = 1;
  if (n < text.size() && text[n] == '#') {
    ++n;
    while (n < text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  }
  return n;
}

}  // namespace

VdpaHost::VdpaHost(Sink& sink) {
  constexpr uint32_t kRw = kPermReadWrite;
  // The program's own text and stack lie around the buffers; both are private.
  Add("text", 0x400000, kPageSize, kPrivate, kPermRead, kPageSize, kPageSize,
      sink);
  Add("H", 0x1000000000, 4 * kMiB, kShared, kRw, kHuge, 2 * kHuge, sink);
  MustBe(MapVma(memory_, Hva(0x1100000000), 4 * kMiB, *memory_.FindByName("H"),
                0, kRw, sink));  // J
  Add("A", 0x1200000000, kHuge, kPrivate, kRw, kHuge, kHuge, sink);
  Add("R", 0x1300000000, kHuge, kShared, kPermRead, kHuge, kHuge, sink);
  Add("S", 0x1400000000, 0, kShared, kRw, kPageSize, 2 * kPageSize, sink);
  Add("Z", 0x1600000000, 4 * kPageSize, kShared, kRw, kPageSize, kPageSize,
      sink);
  Add("P", 0x1700000000, 2 * kPageSize, kPrivate, kPermNone, kPageSize,
      kPageSize, sink);
  Add("Q", 0x1900000000, kHuge, kShared, kRw, kHuge, kHuge, sink);
  Add("X@0", kBufferX, 4 * kMiB, kShared, kRw, kHuge, 2 * kHuge, sink);
  Add("N", 0x1b00000000, 4 * kPageSize, kPrivate, kRw, kPageSize, kPageSize,
      sink);
  Add("stack", 0x7ffffffde000, kPageSize, kPrivate, kRw, kPageSize, kPageSize,
      sink);
}

// Size 0 stands for S: 64 pages, each a VMA of its own.
void VdpaHost::Add(absl::string_view name, uint64_t hva, uint64_t size,
                   MemoryKind kind, uint32_t prot, uint64_t chunk,
                   uint64_t stride, Sink& sink) {
  const uint64_t vma = size == 0 ? kPageSize : size;
  const uint64_t bytes = size == 0 ? 64 * kPageSize : size;
  MemoryObject object;
  object.name = std::string(name);
  object.size = bytes;
  object.kind = kind;
  // A gap keeps buffers physically apart. What is contiguous is aligned, as
  // huge pages are: an unmap of 2 MiB of H frees no table (recorded: ih=1).
  const Hpa end = memory_.end() + kHuge;
  const Hpa hpa((end.value + (chunk - 1)) & ~(chunk - 1));
  object.layout = {{0, bytes - 1, chunk, hpa, stride}};
  const auto index = memory_.AddObject(std::move(object));
  MustBe(index.status());
  for (uint64_t at = 0; at < bytes; at += vma) {
    MustBe(MapVma(memory_, Hva(hva + at), vma, *index, at, prot, sink));
  }
}

std::optional<uint64_t> VdpaHost::Address(absl::string_view symbol) const {
  uint64_t value = 0;
  if (symbol.substr(0, 2) == "0x") {
    if (absl::SimpleHexAtoi(symbol, &value)) return value;
    return std::nullopt;
  }
  for (const Buffer& buffer : kBuffers) {
    if (symbol.substr(0, 1) != buffer.name) continue;
    if (symbol.size() == 1) return buffer.hva;
    if (symbol[1] == '+' && absl::SimpleHexAtoi(symbol.substr(2), &value)) {
      return buffer.hva + value;
    }
  }
  return std::nullopt;
}

std::string VdpaHost::VaName(uint64_t hva) const {
  const Buffer* nearest = nullptr;
  for (const Buffer& buffer : kBuffers) {
    if (buffer.hva <= hva) nearest = &buffer;
  }
  if (nearest == nullptr) return absl::StrCat("0x", absl::Hex(hva));
  return Symbol(nearest->name, hva - nearest->hva);
}

std::string VdpaHost::PaName(uint64_t hpa) const {
  const auto at = memory_.FindByHpa(Hpa(hpa));
  if (!at) return absl::StrCat("pa:0x", absl::Hex(hpa));
  return Symbol(memory_.object(at->object).name, at->offset);
}

std::optional<std::string> VdpaHost::MappedName(uint64_t hva,
                                                const Sink& sink) const {
  const auto vma = sink.table(kVmaStore).Find(hva);
  if (!vma) return std::nullopt;
  const auto object = static_cast<ObjectIndex>(vma->tag);
  return Symbol(memory_.object(object).name, vma->Translate(hva));
}

bool VdpaHost::IsMapped(ObjectOffset at, const Sink& sink) const {
  bool mapped = false;
  sink.table(kVmaStore).ForEach([&](const Entry& vma) {
    mapped |= vma.tag == at.object && vma.target <= at.offset &&
              at.offset <= vma.target_last();
  });
  return mapped;
}

void VdpaHost::ReplaceX(Sink& sink) {
  MustBe(UnmapVma(Hva(kBufferX), 4 * kMiB, sink));
  Add(absl::StrCat("X@", ++x_generation_), kBufferX, 4 * kMiB, kShared,
      kPermReadWrite, kHuge, 2 * kHuge, sink);
}

bool VdpaHost::Same(absl::string_view expected, std::string got) {
  const size_t at = got.find("X@");
  if (at != std::string::npos && at < expected.size()) {
    size_t end = at + 2;
    while (end < got.size() && got[end] >= '0' && got[end] <= '9') ++end;
    const std::string ours = got.substr(at, end - at);
    const absl::string_view rest = expected.substr(at);
    const std::string theirs(rest.substr(0, XNameLength(rest)));
    bool taken = theirs.empty();
    for (const auto& [other, name] : x_names_) taken |= name == theirs;
    if (!taken) x_names_.emplace(ours, theirs);
    const auto name = x_names_.find(ours);
    if (name != x_names_.end()) got.replace(at, end - at, name->second);
  }
  return expected == got;
}

}  // namespace iovalab
