#include "lab/conform/conform_tree_call.h"

#include "absl/strings/str_cat.h"

namespace iovalab {
namespace {

using nlohmann::json;

DmaMap MapOf(const Entry& e, bool by_gpa) {
  return {.iova = by_gpa ? e.target : e.first,
          .translated_addr = by_gpa ? e.first : e.target,
          .size = e.last - e.first,
          .perm = e.perm};
}

std::string NodeText(const std::optional<DmaMap>& map) {
  if (!map) return "none";
  return absl::StrCat("[0x", absl::Hex(map->iova), ",0x",
                      absl::Hex(map->iova + map->size), ",0x",
                      absl::Hex(map->translated_addr), ",", map->perm, "]");
}

// A recorded node: [iova, last, translated address, perm].
std::optional<DmaMap> ParseNode(const json& node) {
  if (!node.is_array() || node.size() != 4 || !node[3].is_number_unsigned()) {
    return std::nullopt;
  }
  const std::optional<uint64_t> iova = HexValue(node[0]);
  const std::optional<uint64_t> last = HexValue(node[1]);
  const std::optional<uint64_t> taddr = HexValue(node[2]);
  const uint64_t perm = node[3].get<uint64_t>();
  if (!iova || !last || !taddr || perm > UINT32_MAX) return std::nullopt;
  return DmaMap{.iova = *iova,
                .translated_addr = *taddr,
                .size = *last - *iova,
                .perm = static_cast<uint32_t>(perm)};
}

constexpr char kNodeIsRight[] =
    "a node [iova, last, translated address, perm] is right";

void CompareNode(TreeCall& call, absl::string_view field,
                 const std::optional<DmaMap>& expected,
                 const std::optional<DmaMap>& got) {
  if (expected == got) return;
  call.out.Differ(field, NodeText(expected), NodeText(got));
}

}  // namespace

void CompareFound(TreeCall& call, std::optional<DmaMap> got) {
  const auto found = call.in.record().object.find("found");
  if (found == call.in.record().object.end()) {
    call.in.Fail("found", "is missing");
    return;
  }
  std::optional<DmaMap> expected;
  if (!found->is_null()) {
    expected = ParseNode(*found);
    if (!expected) return call.in.Fail("found", kNodeIsRight);
  }
  if (got) got->id = 0;
  CompareNode(call, "found", expected, got);
}

void CompareTree(TreeCall& call, const RecordedTree& tree) {
  const IntervalTable& table = call.table(tree.store);
  if (!call.in.Has(tree.name) && call.in.Has(tree.count_name)) {
    call.out.Int(tree.count_name, call.in.Int(tree.count_name),
                 static_cast<int64_t>(table.size()));
    return;
  }
  const json& nodes = call.in.Array(tree.name);
  if (!call.in.ok()) return;
  size_t i = 0;
  const auto expect = [&](const std::optional<DmaMap>& got) {
    std::optional<DmaMap> expected;
    if (i < nodes.size()) {
      expected = ParseNode(nodes[i]);
      if (!expected) call.in.Fail(tree.name, kNodeIsRight);
    }
    if (expected != got) {
      CompareNode(call, absl::StrCat(tree.name, "[", i, "]"), expected, got);
    }
    ++i;
  };
  table.ForEach([&](const Entry& e) { expect(MapOf(e, tree.by_gpa)); });
  while (i < nodes.size()) expect(std::nullopt);
}

void CompareRet(TreeCall& call, int ret) {
  call.out.Int("ret", call.in.Int("ret"), ret);
}

void CompareRemoved(TreeCall& call, uint64_t removed) {
  call.out.Int("removed", call.in.Int("removed"),
               static_cast<int64_t>(removed));
}

void CompareAllocated(TreeCall& call, int ret, const DmaMap& map) {
  CompareRet(call, ret);
  call.out.Hex("iova", call.in.Hex("iova"), map.iova);
}

DmaMap MapArguments(TreeCall& call) {
  return {.translated_addr = call.in.Hex("taddr"),
          .size = call.in.Hex("size"),
          .perm = call.in.Uint32("perm")};
}

}  // namespace iovalab
