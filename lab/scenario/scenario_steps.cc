// Steps: labels, and what each does. Times are scenario_time.cc's, what must
// come before what scenario_order.cc's.

#include <algorithm>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "lab/scenario/scenario_check.h"
#include "lab/scenario/scenario_host.h"
#include "lab/scenario/scenario_region_name.h"
#include "lab/scenario/scenario_time.h"

namespace iovalab {
namespace {

// Of what a driver writes into a buffer, and clears: it is in the trace, byte
// for byte.
constexpr uint64_t kMaxData = 64;
constexpr uint64_t kMaxCleared = 65536;

using Names = google::protobuf::RepeatedPtrField<std::string>;

absl::Status LoadLabel(Loading& l, uint32_t i) {
  const std::string& label = l.in.step(i).label();
  const Place at = Place().At("step", static_cast<int>(i)).At("label");
  if (absl::Status s = CheckIdentifier(l, at, label); !s.ok()) return s;
  if (label == "start") {
    return l.where.Error(at,
                         "\"start\" is what happens before the first step; "
                         "another label");
  }
  if (IsQueueName(l, label)) {
    return l.where.Error(at, absl::StrCat(Quote(label),
                                          " is what a queue's rings are called "
                                          "in expect; another label"));
  }
  if (const uint32_t taken = l.steps.Add(label, i); taken != kNoIndex) {
    return l.where.Error(at, absl::StrCat(Quote(label), " is step[", taken,
                                          "]'s label; labels are unique"));
  }
  l.out->steps[i].label = label;
  return absl::OkStatus();
}

// The lists of a memory step, two of which exclude each other.
struct RegionList {
  absl::string_view field;
  const Names& (*names)(const pb::Memory&);
  std::vector<uint32_t> StepSpec::*regions;
};
constexpr RegionList kLists[] = {
    {"enable", [](const pb::Memory& m) -> const Names& { return m.enable(); },
     &StepSpec::enable},
    {"disable", [](const pb::Memory& m) -> const Names& { return m.disable(); },
     &StepSpec::disable},
    {"make_readonly",
     [](const pb::Memory& m) -> const Names& { return m.make_readonly(); },
     &StepSpec::make_readonly},
    {"make_writable",
     [](const pb::Memory& m) -> const Names& { return m.make_writable(); },
     &StepSpec::make_writable},
};

absl::Status LoadRegionList(Loading& l, const Place& at, const pb::Memory& in,
                            size_t list,
                            absl::btree_map<uint32_t, size_t>& used,
                            StepSpec& step) {
  const Names& names = kLists[list].names(in);
  for (int i = 0; i < names.size(); ++i) {
    const Place name_at = at.At(kLists[list].field, i);
    RegionRun run;
    std::string error;
    if (!FindRegions(l, names[i], &run, &error)) {
      return l.where.Error(name_at, error);
    }
    if (list >= 2 && l.out->regions[run.first].kind == RegionKind::kIo) {
      return l.where.Error(name_at,
                           absl::StrCat(Quote(names[i]),
                                        " is of kind IO, which has no memory; "
                                        "a region that has"));
    }
    l.changes += run.count;
    if (l.changes > l.limits.max_changes) {
      return l.where.Error(
          name_at, absl::StrCat("steps up to here change ", l.changes,
                                " regions; at most ", l.limits.max_changes,
                                " (--max-changes raises it)"));
    }
    for (uint32_t k = 0; k < run.count; ++k) {
      const auto [it, added] = used.insert({run.first + k, list});
      if (!added) {
        return l.where.Error(
            name_at, absl::StrCat(Quote(l.out->regions[run.first + k].name),
                                  " is in ", kLists[it->second].field,
                                  it->second == list ? " twice" : " too",
                                  "; one transaction does one or the other, "
                                  "once"));
      }
      (step.*kLists[list].regions).push_back(run.first + k);
    }
  }
  return absl::OkStatus();
}

absl::Status LoadMemoryStep(Loading& l, const Place& at, const pb::Step& in,
                            StepSpec& step) {
  step.kind = StepKind::kMemory;
  step.each = in.memory().each();
  for (size_t pair = 0; pair < 4; pair += 2) {
    absl::btree_map<uint32_t, size_t> used;
    for (size_t list = pair; list < pair + 2; ++list) {
      if (absl::Status s =
              LoadRegionList(l, at.At("memory"), in.memory(), list, used, step);
          !s.ok()) {
        return s;
      }
    }
  }
  return absl::OkStatus();
}

// Lengths of accesses are 64 bits.
absl::Status CheckLength(const Loading& l, const Place& at,
                         const pb::Range& range) {
  if (range.first() != 0 || range.last() != UINT64_MAX) {
    return absl::OkStatus();
  }
  return l.where.Error(at, "all 2^64 bytes; one byte less is the most");
}

// What the driver writes into a buffer.
absl::Status CheckData(const Loading& l, const Place& at,
                       const pb::Post::Buffer& buffer) {
  const size_t count = buffer.data().size();
  const uint64_t length = buffer.gpa().last() - buffer.gpa().first() + 1;
  if (count == 0) return absl::OkStatus();
  if (count > kMaxData || count > length) {
    return l.where.Error(at,
                         absl::StrCat(count, " bytes; at most ",
                                      std::min<uint64_t>(kMaxData, length)));
  }
  if (length <= kMaxCleared) return absl::OkStatus();
  return l.where.Error(
      at, absl::StrCat("given for a buffer of ", HexNumber(length),
                       " bytes; at most ", HexNumber(kMaxCleared)));
}

absl::Status LoadPost(Loading& l, const Place& step_at, const pb::Step& in,
                      StepSpec& step) {
  step.kind = StepKind::kPost;
  step.hold = in.post().hold();
  const Place at = step_at.At("post");
  const size_t count = in.post().buffer_size();
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
    const pb::Post::Buffer& buffer = in.post().buffer(static_cast<int>(i));
    const Place buffer_at = at.At("buffer", static_cast<int>(i));
    if (absl::Status s = CheckRange(l, buffer_at.At("gpa"), buffer.has_gpa(),
                                    buffer.gpa(), Align::kAny);
        !s.ok()) {
      return s;
    }
    if (absl::Status s = CheckLength(l, buffer_at.At("gpa"), buffer.gpa());
        !s.ok()) {
      return s;
    }
    if (absl::Status s = CheckData(l, buffer_at.At("data"), buffer); !s.ok()) {
      return s;
    }
    step.buffers.push_back(
        {{Gpa(buffer.gpa().first()), Gpa(buffer.gpa().last())},
         buffer.writable(),
         buffer.data()});
  }
  return LoadRingPost(l, at, in.post(), step);
}

absl::Status LoadRelease(Loading& l, const Place& step_at, const pb::Step& in,
                         StepSpec& step) {
  step.kind = StepKind::kRelease;
  const Place at = step_at.At("release").At("post");
  step.post = l.steps.Find(in.release().post());
  if (step.post == kNoIndex) {
    return l.where.Error(at, l.steps.Unknown(in.release().post()));
  }
  const pb::Step& post = l.in.step(static_cast<int>(step.post));
  if (!post.post().hold() && !post.host_post().hold()) {
    return l.where.Error(at, absl::StrCat(Quote(post.label()),
                                          " is no held request; a post step "
                                          "with hold: true"));
  }
  return absl::OkStatus();
}

absl::Status LoadProbe(Loading& l, const Place& step_at, const pb::Step& in,
                       StepSpec& step) {
  step.kind = StepKind::kProbe;
  const pb::Probe& probe = in.probe();
  const Place at = step_at.At("probe");
  if (absl::Status s = CheckRange(l, at.At("iova"), probe.has_iova(),
                                  probe.iova(), Align::kAny);
      !s.ok()) {
    return s;
  }
  if (absl::Status s = CheckLength(l, at.At("iova"), probe.iova()); !s.ok()) {
    return s;
  }
  step.iova = {Iova(probe.iova().first()), Iova(probe.iova().last())};
  step.writable = probe.writable();
  if (absl::Status s = LoadPasid(l, at, probe, step); !s.ok()) return s;
  return LoadAsid(l, at, probe.asid(), step);
}

absl::Status FindBuffer(const Loading& l, const Place& at,
                        const std::string& name, StepSpec& step) {
  step.host_buffer = l.host_buffers.Find(name);
  if (step.host_buffer != kNoIndex) return absl::OkStatus();
  return l.where.Error(at.At("host_buffer"), l.host_buffers.Unknown(name));
}

absl::Status LoadHostMap(Loading& l, const Place& at, const pb::Step& in,
                         StepSpec& step) {
  step.kind = StepKind::kHostMap;
  const pb::HostMap& map = in.host_map();
  const Place map_at = at.At("host_map");
  if (map.readonly() && l.where.Written(map_at.At("access"))) {
    return l.where.Error(map_at.At("access"),
                         "given with readonly: true; access: READ_ONLY says "
                         "the same, so leave one out");
  }
  if (absl::Status s =
          CheckEnum(l, map_at.At("access"), *pb::HostMap::Access_descriptor(),
                    map.access());
      !s.ok()) {
    return s;
  }
  step.readonly = map.readonly() || map.access() == pb::HostMap::READ_ONLY;
  step.write_only = map.access() == pb::HostMap::WRITE_ONLY;
  if (absl::Status s = LoadAsid(l, map_at, map.asid(), step); !s.ok()) {
    return s;
  }
  return FindBuffer(l, map_at, map.host_buffer(), step);
}

absl::Status LoadHostUnmap(Loading& l, const Place& at, const pb::Step& in,
                           StepSpec& step) {
  step.kind = StepKind::kHostUnmap;
  return FindBuffer(l, at.At("host_unmap"), in.host_unmap().host_buffer(),
                    step);
}

absl::Status LoadListener(Loading& l, const Place& at, const pb::Step& in,
                          StepSpec& step) {
  step.kind = StepKind::kListener;
  step.registered = in.listener().registered();
  step.again = in.listener().again();
  if (step.again && !step.registered) {
    return l.where.Error(at.At("listener").At("again"),
                         "given without registered; only registering can be "
                         "done again");
  }
  return absl::OkStatus();
}

absl::Status LoadViommu(Loading& l, const Place& step_at, const pb::Step& in,
                        StepSpec& step) {
  step.kind = StepKind::kViommu;
  const pb::Viommu& viommu = in.viommu();
  const Place at = step_at.At("viommu");
  if (absl::Status s = CheckRange(l, at.At("iova"), viommu.has_iova(),
                                  viommu.iova(), Align::kPage);
      !s.ok()) {
    return s;
  }
  const uint64_t size_minus_1 = viommu.iova().last() - viommu.iova().first();
  const uint64_t gpa = viommu.gpa();
  if (gpa % kPageSize != 0 || gpa > UINT64_MAX - size_minus_1) {
    return l.where.Error(at.At("gpa"),
                         absl::StrCat(HexNumber(gpa),
                                      "; a page-aligned address from which the "
                                      "range's length fits below 2^64"));
  }
  if (size_minus_1 == UINT64_MAX) {
    return l.where.Error(at.At("iova"),
                         "all 2^64 bytes; a notification has a mask, at most "
                         "half of them");
  }
  step.iova = {Iova(viommu.iova().first()), Iova(viommu.iova().last())};
  step.gpa = {Gpa(gpa), Gpa(gpa + size_minus_1)};
  step.unmap = viommu.unmap();
  step.readonly = viommu.readonly();
  return absl::OkStatus();
}

absl::Status LoadDiscard(Loading& l, const Place& at, const pb::Step& in,
                         StepSpec& step) {
  step.kind = StepKind::kDiscard;
  const pb::Range& gpa = in.discard().gpa();
  step.gpa = {Gpa(gpa.first()), Gpa(gpa.last())};
  return CheckRange(l, at.At("discard").At("gpa"), in.discard().has_gpa(), gpa,
                    Align::kPage);
}

absl::Status LoadReset(Loading&, const Place&, const pb::Step&,
                       StepSpec& step) {
  step.kind = StepKind::kReset;
  return absl::OkStatus();
}

struct Loader {
  pb::Step::DoesCase does;
  absl::Status (*load)(Loading&, const Place& at, const pb::Step&, StepSpec&);
};
constexpr Loader kLoaders[] = {
    {pb::Step::kMemory, LoadMemoryStep},
    {pb::Step::kPost, LoadPost},
    {pb::Step::kRelease, LoadRelease},
    {pb::Step::kProbe, LoadProbe},
    {pb::Step::kHostMap, LoadHostMap},
    {pb::Step::kHostUnmap, LoadHostUnmap},
    {pb::Step::kListener, LoadListener},
    {pb::Step::kViommu, LoadViommu},
    {pb::Step::kDiscard, LoadDiscard},
    {pb::Step::kReset, LoadReset},
    {pb::Step::kHostPost, LoadHostPost},
    {pb::Step::kDriverOk, LoadDriverOk},
    {pb::Step::kRingWrite, LoadRingWrite},
    {pb::Step::kContext, LoadContext},
    {pb::Step::kPoison, LoadPoison},
};

absl::Status LoadDoes(Loading& l, uint32_t i) {
  const pb::Step& in = l.in.step(i);
  const Place at = Place().At("step", static_cast<int>(i));
  for (const Loader& loader : kLoaders) {
    if (loader.does == in.does_case()) {
      return loader.load(l, at, in, l.out->steps[i]);
    }
  }
  return l.where.Error(at,
                       "does nothing; one of memory, post, release, probe, "
                       "host_map, host_unmap, listener, viommu, discard, "
                       "reset, host_post, driver_ok, ring_write, context, "
                       "poison");
}

}  // namespace

absl::Status LoadSteps(Loading& l) {
  if (absl::Status s = CheckCount(l, "step", l.in.step_size(),
                                  l.limits.max_steps, "max-steps");
      !s.ok()) {
    return s;
  }
  l.out->steps.resize(l.in.step_size());
  for (int i = 0; i < l.in.step_size(); ++i) {
    if (absl::Status s = LoadLabel(l, i); !s.ok()) return s;
  }
  for (int i = 0; i < l.in.step_size(); ++i) {
    if (absl::Status s = LoadDoes(l, i); !s.ok()) return s;
  }
  std::vector<StepTime> times;
  if (absl::Status s = LoadTimes(l, &times); !s.ok()) return s;
  return CheckOrder(l, times);
}

}  // namespace iovalab
