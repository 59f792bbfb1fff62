#include "lab/scenario/scenario_region_name.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

// Elements of the array that the region begins; 0 where it is no array.
uint32_t CountAt(const Loading& l, uint32_t region) {
  return l.in.region(static_cast<int>(l.region_block[region])).count();
}

bool Fail(std::string* error, std::string what) {
  *error = std::move(what);
  return false;
}

// "3" or "0-99".
bool ParseElements(absl::string_view text, uint32_t* first, uint32_t* last) {
  const size_t dash = text.find('-');
  if (dash == absl::string_view::npos) {
    return absl::SimpleAtoi(text, first) && absl::SimpleAtoi(text, last);
  }
  return absl::SimpleAtoi(text.substr(0, dash), first) &&
         absl::SimpleAtoi(text.substr(dash + 1), last) && *first <= *last;
}

}  // namespace

bool FindRegions(const Loading& l, absl::string_view name, RegionRun* run,
                 std::string* error) {
  uint32_t first = l.regions.Find(name);
  if (first != kNoIndex) {
    const uint32_t count = CountAt(l, first);
    *run = {first, 1};
    if (count == 0) return true;
    return Fail(error, absl::StrCat(Quote(name), " is an array; ",
                                    Quote(absl::StrCat(name, "[*]")), ", or ",
                                    Quote(absl::StrCat(name, "[0]")),
                                    " for one of it"));
  }
  const size_t bracket = name.rfind('[');
  if (bracket == absl::string_view::npos || name.back() != ']') {
    return Fail(error, l.regions.Unknown(name));
  }
  const absl::string_view base = name.substr(0, bracket);
  first = l.regions.Find(base);
  if (first == kNoIndex) return Fail(error, l.regions.Unknown(name));
  const uint32_t count = CountAt(l, first);
  if (count == 0) {
    return Fail(error,
                absl::StrCat(Quote(base), " is no array; the name alone"));
  }
  const absl::string_view which =
      name.substr(bracket + 1, name.size() - bracket - 2);
  uint32_t from = 0;
  uint32_t to = count - 1;
  if (which != "*" && !ParseElements(which, &from, &to)) {
    return Fail(error, absl::StrCat(Quote(name),
                                    " is ill-formed; NAME[3], NAME[0-99] or "
                                    "NAME[*]"));
  }
  if (to >= count) {
    return Fail(error,
                absl::StrCat(Quote(name), " is past the array's last, ",
                             Quote(absl::StrCat(base, "[", count - 1, "]"))));
  }
  *run = {first + from, to - from + 1};
  return true;
}

bool FindRegion(const Loading& l, absl::string_view name, uint32_t* region,
                std::string* error) {
  RegionRun run;
  if (!FindRegions(l, name, &run, error)) return false;
  *region = run.first;
  if (run.count == 1) return true;
  return Fail(error, absl::StrCat(Quote(name), " is ", run.count,
                                  " regions; one of them"));
}

Place RegionPlace(const Loading& l, uint32_t region) {
  return Place().At("region", static_cast<int>(l.region_block[region]));
}

}  // namespace iovalab
