// What a scenario expects of stores and of invariants between them.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/scenario/scenario_expect.h"
#include "model/store/store_id.h"
#include "util/nearest.h"

namespace iovalab {
namespace {

// Names of all stores, one for each kind.
std::vector<std::string> StoreNames() {
  std::vector<std::string> names;
  for (size_t i = 0; i < static_cast<size_t>(StoreKind::kCount); ++i) {
    names.push_back(StoreId::ExampleOf(static_cast<StoreKind>(i)).Name());
  }
  return names;
}

std::string UnknownStore(absl::string_view name) {
  const std::vector<std::string> all = StoreNames();
  const std::vector<absl::string_view> names(all.begin(), all.end());
  const absl::string_view near = Nearest(name, names);
  return absl::StrCat("no store ", Quote(name), "; ",
                      near.empty()
                          ? absl::StrCat("one of ", absl::StrJoin(names, ", "))
                          : absl::StrCat("did you mean ", near, "?"));
}

bool IsLevel(absl::string_view name) {
  for (size_t i = 0; i < static_cast<size_t>(StoreKind::kCount); ++i) {
    if (GetStoreKind(static_cast<StoreKind>(i)).level == name) return true;
  }
  return false;
}

}  // namespace

absl::Status CheckStep(const Loading& l, const Place& at,
                       absl::string_view label) {
  if (label == "start" || l.steps.Find(label) != kNoIndex) {
    return absl::OkStatus();
  }
  return l.where.Error(at, label.empty()
                               ? "missing; the label of a step, or \"start\""
                               : l.steps.Unknown(label));
}

absl::Status CheckStoreExpect(const Loading& l, const Place& at,
                              const pb::Expect::Store& store) {
  if (!StoreId::Parse(store.store())) {
    return l.where.Error(at.At("store"), UnknownStore(store.store()));
  }
  if (!store.step().empty()) {
    if (absl::Status s = CheckStep(l, at.At("step"), store.step()); !s.ok()) {
      return s;
    }
  }
  if (store.has_range()) {
    if (absl::Status s =
            CheckRange(l, at.At("range"), true, store.range(), Align::kAny);
        !s.ok()) {
      return s;
    }
    if (store.absent() &&
        (store.has_target() || store.has_entries() || store.has_perm())) {
      return l.where.Error(
          at.At("absent"),
          "given beside target, entries or perm; what is absent has none");
    }
    const std::string& perm = store.perm();
    if (store.has_perm() && perm != "-" && perm != "r" && perm != "w" &&
        perm != "rw") {
      return l.where.Error(at.At("perm"),
                           absl::StrCat(Quote(perm), "; one of -, r, w, rw"));
    }
    return absl::OkStatus();
  }
  if (store.absent() || store.has_target() || store.has_perm()) {
    return l.where.Error(
        at.At("range"),
        "missing; the keys that are absent or have a target or a permission");
  }
  if (!store.has_entries()) {
    return l.where.Error(at, "expects nothing; a range, or entries");
  }
  return absl::OkStatus();
}

absl::Status CheckViolation(const Loading& l, const Place& at,
                            const pb::Expect::FirstViolation& violation) {
  const bool some = !violation.step().empty() || violation.store_size() > 0;
  if (violation.none() == some) {
    return l.where.Error(
        at, some ? "none is given beside step or store; one or the other"
                 : "expects nothing; a step, stores, or none: true");
  }
  if (!violation.step().empty()) {
    if (absl::Status s = CheckStep(l, at.At("step"), violation.step());
        !s.ok()) {
      return s;
    }
  }
  for (int i = 0; i < violation.store_size(); ++i) {
    const Place store_at = at.At("store", i);
    if (i == 2) {
      return l.where.Error(store_at,
                           "a third; a violation is between two stores");
    }
    const std::string& name = violation.store(i);
    if (!IsLevel(name) && !StoreId::Parse(name)) {
      return l.where.Error(
          store_at, absl::StrCat(UnknownStore(name), " (or a level, \"L1\")"));
    }
  }
  return absl::OkStatus();
}

}  // namespace iovalab
