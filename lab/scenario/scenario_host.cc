#include "lab/scenario/scenario_host.h"

#include <iterator>

#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

using Buffer = pb::HostPost::Buffer;

// A part of a named buffer.
absl::Status LoadPart(const Loading& l, const Place& at, const Buffer& in,
                      HostPieceSpec* piece) {
  const uint32_t index = l.host_buffers.Find(in.host_buffer());
  if (index == kNoIndex) {
    return l.where.Error(at.At("host_buffer"),
                         l.host_buffers.Unknown(in.host_buffer()));
  }
  const Range<Hva>& hva = l.out->host_buffers[index].hva;
  const uint64_t last = hva.last - hva.first;  // byte of the buffer
  if (in.offset() > last) {
    return l.where.Error(
        at.At("offset"),
        absl::StrCat(HexNumber(in.offset()), " is outside host buffer ",
                     Quote(in.host_buffer()), "; its last byte is ",
                     HexNumber(last)));
  }
  if (in.length() > last - in.offset() + 1) {
    return l.where.Error(
        at.At("length"),
        absl::StrCat(HexNumber(in.length()), " bytes from ",
                     HexNumber(in.offset()), " on are not in host buffer ",
                     Quote(in.host_buffer()), "; its last byte is ",
                     HexNumber(last)));
  }
  if (in.length() == 0 && l.where.Written(at.At("length"))) {
    return l.where.Error(at.At("length"), "0; at least one byte");
  }
  piece->hva.first = hva.first + in.offset();
  piece->hva.last =
      in.length() == 0 ? hva.last : piece->hva.first + (in.length() - 1);
  return absl::OkStatus();
}

// Addresses, each in some host buffer.
absl::Status LoadAddresses(const Loading& l, const Place& at, const Buffer& in,
                           HostPieceSpec* piece) {
  for (absl::string_view field : {"host_buffer", "offset", "length"}) {
    if (!l.where.Written(at.At(field))) continue;
    return l.where.Error(at.At(field),
                         "given beside hva; a named buffer or addresses");
  }
  if (absl::Status s =
          CheckRange(l, at.At("hva"), in.has_hva(), in.hva(), Align::kAny);
      !s.ok()) {
    return s;
  }
  const uint64_t first = in.hva().first();
  const auto above = l.host_hvas.upper_bound(first);
  const bool begins =
      above != l.host_hvas.begin() && std::prev(above)->second >= first;
  if (!begins || std::prev(above)->second < in.hva().last()) {
    return l.where.Error(
        at.At("hva"),
        absl::StrCat(HexNumber(begins ? std::prev(above)->second + 1 : first),
                     " is in no host buffer; the VMM posts its own memory"));
  }
  piece->hva = {Hva(in.hva().first()), Hva(in.hva().last())};
  return absl::OkStatus();
}

}  // namespace

absl::Status LoadAsid(const Loading& l, const Place& at, uint32_t asid,
                      StepSpec& step) {
  step.asid = asid;
  if (asid <= kMaxAsid) return absl::OkStatus();
  return l.where.Error(at.At("asid"),
                       absl::StrCat(asid, "; at most ", kMaxAsid));
}

absl::Status LoadHostPost(Loading& l, const Place& step_at, const pb::Step& in,
                          StepSpec& step) {
  step.kind = StepKind::kHostPost;
  step.hold = in.host_post().hold();
  const Place at = step_at.At("host_post");
  const size_t count = in.host_post().buffer_size();
  if (count == 0) {
    return l.where.Error(at.At("buffer", 0), "missing; at least one");
  }
  if (count > l.limits.max_buffers) {
    return l.where.Error(
        at.At("buffer", static_cast<int>(l.limits.max_buffers)),
        absl::StrCat(count, " in all; at most ", l.limits.max_buffers,
                     " (--max-buffers raises it)"));
  }
  for (size_t i = 0; i < count; ++i) {
    const Buffer& buffer = in.host_post().buffer(static_cast<int>(i));
    const Place buffer_at = at.At("buffer", static_cast<int>(i));
    HostPieceSpec piece;
    piece.writable = buffer.writable();
    if (absl::Status s = buffer.has_hva()
                             ? LoadAddresses(l, buffer_at, buffer, &piece)
                             : LoadPart(l, buffer_at, buffer, &piece);
        !s.ok()) {
      return s;
    }
    step.host_pieces.push_back(piece);
  }
  return LoadAsid(l, at, in.host_post().asid(), step);
}

}  // namespace iovalab
