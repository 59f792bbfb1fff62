#include "model/device/table_changes.h"

#include <gtest/gtest.h>

#include <vector>

namespace iovalab {
namespace {

std::vector<Entry> Removed(const TableChanges& c) {
  std::vector<Entry> all;
  c.ForEachRemoved([&](const Entry& e) { all.push_back(e); });
  return all;
}
std::vector<Entry> Added(const TableChanges& c) {
  std::vector<Entry> all;
  c.ForEachAdded([&](const Entry& e) { all.push_back(e); });
  return all;
}

TEST(TableChanges, WhatComesAndGoesIsNoChange) {
  const Entry a{0x1000, 0x1fff, 0x10, 0, 3};
  const Entry longer{0x1000, 0x2fff, 0x10, 0, 3};
  TableChanges c;
  c.Added(a);
  c.Removed(a);
  EXPECT_TRUE(c.empty());
  c.Removed(a);
  c.Added(a);
  EXPECT_TRUE(c.empty());
  c.Removed(a);
  c.Added(longer);
  c.Removed(longer);
  EXPECT_EQ(Removed(c), std::vector<Entry>{a});
  EXPECT_TRUE(Added(c).empty());
  c.Added(longer);
  EXPECT_EQ(Added(c), std::vector<Entry>{longer});
  c.Clear();
  EXPECT_TRUE(c.empty());
}

}  // namespace
}  // namespace iovalab
