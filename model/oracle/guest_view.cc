#include "model/oracle/guest_view.h"

#include <optional>
#include <utility>

namespace iovalab {
namespace {

bool ShownIn(const IntervalTable& view, uint64_t gpa, uint64_t hva,
             uint64_t length) {
  while (true) {
    const std::optional<Entry> section = view.Find(gpa);
    if (!section || section->Translate(gpa) != hva) return false;
    const uint64_t left = section->last - gpa;
    if (left >= length - 1) return true;
    gpa += left + 1;
    hva += left + 1;
    length -= left + 1;
  }
}

bool AllowedIn(const IntervalTable& view, uint64_t gpa, uint64_t hva,
               uint32_t perm) {
  const std::optional<Entry> section = view.Find(gpa);
  return section && section->Translate(gpa) == hva &&
         (section->perm & perm) == perm;
}

void Change(const std::vector<Entry>& gone, const std::vector<Entry>& come,
            IntervalTable* view) {
  for (const Entry& section : gone) view->Erase(section.first);
  for (const Entry& section : come) view->Insert(section);
}

}  // namespace

void GuestView::Begin(std::vector<Entry> gone, std::vector<Entry> come) {
  gone_ = std::move(gone);
  come_ = std::move(come);
  Change(gone_, come_, &now_);
  changing_ = true;
}

void GuestView::End() {
  Change(gone_, come_, &before_);
  gone_.clear();
  come_.clear();
  changing_ = false;
}

bool GuestView::Shows(uint64_t gpa, uint64_t hva, uint64_t length) const {
  return ShownIn(now_, gpa, hva, length) ||
         (changing_ && ShownIn(before_, gpa, hva, length));
}

bool GuestView::Allows(uint64_t gpa, uint64_t hva, uint32_t perm) const {
  return AllowedIn(now_, gpa, hva, perm) &&
         (!changing_ || AllowedIn(before_, gpa, hva, perm));
}

}  // namespace iovalab
