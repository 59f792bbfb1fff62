// Boost's interval maps: by IOVA the target; by HVA the set of all IOVAs, so
// that the first of the aliases is at hand. First fit is nothing they have.

#include <boost/icl/split_interval_map.hpp>
#include <cstdint>
#include <set>

#include "bench/tree_workload.h"

namespace iovalab::bench {
namespace {

namespace icl = boost::icl;

class Tree {
 public:
  void Insert(const Entry& e) {
    by_iova_.add({{e.first, e.last + 1}, e.target});
    by_target_.add({Target(e), {e.first}});
  }
  void Erase(const Entry& e) {
    by_iova_.erase(Interval{e.first, e.last + 1});
    by_target_.subtract({Target(e), {e.first}});
  }
  std::uint64_t Find(std::uint64_t iova) const {
    const auto it = by_iova_.find(iova);
    return it != by_iova_.end() ? it->second : 0;
  }
  std::uint64_t Reverse(std::uint64_t hva) const {
    const auto it = by_target_.find(hva);
    return it != by_target_.end() ? *it->second.begin() : 0;
  }

 private:
  using Interval = icl::right_open_interval<std::uint64_t>;
  template <typename Value>
  using Map =
      icl::split_interval_map<std::uint64_t, Value, icl::partial_absorber,
                              std::less, icl::inplace_plus, icl::inter_section,
                              Interval>;

  static Interval Target(const Entry& e) {
    return {e.target, e.target_last() + 1};
  }

  Map<std::uint64_t> by_iova_;
  Map<std::set<std::uint64_t>> by_target_;
};

[[maybe_unused]] const bool kAdded =
    AddTreePeer(MakeTreePeer<Tree>("boost::icl"));

}  // namespace
}  // namespace iovalab::bench
