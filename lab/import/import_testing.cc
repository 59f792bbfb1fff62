#include "lab/import/import_testing.h"

#include <zlib.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "fmt/format.h"
#include "sim/check.h"

namespace iovalab {

namespace {

std::string Unpacked(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  sim::Check(file != nullptr, path.c_str());
  std::string text;
  char buffer[1 << 16];
  int n = 0;
  while ((n = gzread(file, buffer, sizeof(buffer))) > 0) text.append(buffer, n);
  sim::Check(n == 0 && gzclose(file) == Z_OK, path.c_str());
  return text;
}

}  // namespace

std::string ReadCapture(absl::string_view name) {
  return Unpacked(absl::StrCat("testdata/captures/", name, ".log.gz"));
}

std::string ReadCaptureFile(absl::string_view file) {
  return Unpacked(absl::StrCat("testdata/captures/", file));
}

std::string ReadMonitor(absl::string_view name) {
  return Unpacked(absl::StrCat("testdata/captures/", name, ".monitor.gz"));
}

FakeQemu::FakeQemu(FakeQemuOptions options, std::string* log)
    : options_(options), log_(log) {}

void FakeQemu::Line(const std::string& text) {
  if (options_.timestamps) {
    *log_ += fmt::format("7209@1795143945.{:06}:", log_->size() % 1000000);
  }
  *log_ += text + "\n";
}

void FakeQemu::Init() {
  if (options_.shared) {
    Line(
        fmt::format("vhost_vdpa_init dev: {:#x}, common dev: {:#x} vdpa: 0x7f1",
                    options_.pointer + 0x100, options_.pointer));
  } else {
    Line(fmt::format("vhost_vdpa_init dev: {:#x} vdpa: {:#x}",
                     options_.pointer + 0x100, options_.pointer));
    Line(
        fmt::format("vhost_vdpa_get_iova_range dev: {:#x} first: {:#x} last: "
                    "0xffffffffffff",
                    options_.pointer + 0x100, options_.iova_first));
  }
}

void FakeQemu::StartLine(bool started) {
  Line(fmt::format("vhost_vdpa_dev_start dev: {:#x} started: {:d}",
                   options_.pointer + 0x100, started));
}

void FakeQemu::BeginOnce() {
  if (!options_.batch || batch_open_) return;
  batch_open_ = true;
  Line(fmt::format(
      "vhost_vdpa_listener_begin_batch vdpa{}:{:#x} fd: {} "
      "msg_type: 2 type: 5",
      options_.shared ? "_shared" : "", options_.pointer, options_.fd));
}

void FakeQemu::Commit() {
  if (!batch_open_) return;
  batch_open_ = false;
  Line(fmt::format(
      "vhost_vdpa_listener_commit vdpa{}:{:#x} fd: {} msg_type: 2 type: 6",
      options_.shared ? "_shared" : "", options_.pointer, options_.fd));
}

uint64_t FakeQemu::Allocate(uint64_t size) {
  uint64_t at = std::max<uint64_t>(options_.iova_first, 0x1000);
  bool moved = true;
  while (moved) {
    moved = false;
    for (const Node& n : tree_) {
      if (at < n.iova + n.size && n.iova < at + size) {
        at = n.iova + n.size;
        moved = true;
      }
    }
  }
  return at;
}

void FakeQemu::MapMessage(uint64_t iova, uint64_t size, uint64_t hva, int perm,
                          uint32_t asid) {
  ++messages_;
  Line(fmt::format(
      "vhost_vdpa_dma_map vdpa{}:{:#x} fd: {} msg_type: 2{} iova: {:#x} size: "
      "{:#x} uaddr: {:#x} perm: {:#x} type: 2",
      options_.shared ? "_shared" : "", options_.pointer, options_.fd,
      options_.shared ? fmt::format(" asid: {}", asid) : "", iova, size, hva,
      perm));
}

void FakeQemu::UnmapMessage(uint64_t iova, uint64_t size, uint32_t asid) {
  ++messages_;
  Line(fmt::format(
      "vhost_vdpa_dma_unmap vdpa{}:{:#x} fd: {} msg_type: 2{} iova: {:#x} "
      "size: {:#x} type: 3",
      options_.shared ? "_shared" : "", options_.pointer, options_.fd,
      options_.shared ? fmt::format(" asid: {}", asid) : "", iova, size));
}

void FakeQemu::RegionAdd(const FakeSection& s) {
  Line(
      fmt::format("vhost_vdpa_listener_region_add vdpa: {:#x} iova {:#x} llend "
                  "{:#x} vaddr: {:#x} read-only: {:d}",
                  options_.pointer, s.first, s.last + 1, s.hva, s.readonly));
  const uint64_t size = s.last - s.first + 1;
  uint64_t iova = s.first;
  if (options_.shadow) {
    iova = Allocate(size);
    tree_.push_back({iova, size, s.hva, s.first, false});
  }
  BeginOnce();
  MapMessage(iova, size, s.hva, s.readonly ? 1 : 3, 0);
}

void FakeQemu::RegionDel(const FakeSection& s) {
  Line(fmt::format(
      "vhost_vdpa_listener_region_del vdpa: {:#x} iova {:#x} llend {:#x}",
      options_.pointer, s.first, options_.shared ? s.last : s.last + 1));
  const uint64_t size = s.last - s.first + 1;
  uint64_t iova = s.first;
  if (options_.shadow) {
    std::vector<Node>::iterator found = tree_.end();
    for (auto n = tree_.begin(); n != tree_.end(); ++n) {
      if (options_.by_gpa && n->host) continue;
      const uint64_t at = options_.by_gpa ? n->gpa : n->hva;
      const uint64_t wanted = options_.by_gpa ? s.first : s.hva;
      if (at >= wanted + size || wanted >= at + n->size) continue;
      const bool earlier =
          found == tree_.end() ||
          (options_.by_gpa ? n->gpa < found->gpa : n->iova < found->iova);
      if (earlier) found = n;
    }
    if (found == tree_.end()) return;
    iova = found->iova;
    tree_.erase(found);
  }
  BeginOnce();
  UnmapMessage(iova, size, 0);
}

void FakeQemu::HostMap(const Host& host, int perm) {
  hosts_.push_back(host);
  const uint64_t iova = Allocate(host.size);
  tree_.push_back({iova, host.size, host.hva, 0, true});
  MapMessage(iova, host.size, host.hva, perm, host.asid);
}

void FakeQemu::HostUnmap(const Host& host) {
  for (auto n = tree_.begin(); n != tree_.end(); ++n) {
    if (!n->host || n->hva != host.hva) continue;
    UnmapMessage(n->iova, n->size, host.asid);
    tree_.erase(n);
    return;
  }
}

void FakeQemu::MapRings(int queue, uint64_t hva, uint64_t driver,
                        uint64_t device, bool of_cvq) {
  const uint32_t asid = of_cvq ? options_.cvq_asid : 0;
  HostMap({hva, driver, queue, asid}, 1);
  HostMap({hva + driver, device, queue, asid}, 3);
  if (!options_.vring_lines) return;
  Line(fmt::format(
      "vhost_vdpa_set_vring_addr dev: {:#x} index: {} flags: 0x0 "
      "desc_user_addr: 0x1 used_user_addr: 0x2 avail_user_addr: 0x3 "
      "log_guest_addr: 0x0",
      options_.pointer + 0x100, queue));
}

void FakeQemu::UnmapRings(int queue) {
  std::vector<Host> left;
  for (const Host& h : hosts_) {
    if (h.queue == queue) {
      HostUnmap(h);
    } else {
      left.push_back(h);
    }
  }
  hosts_.swap(left);
}

void FakeQemu::MapBuffers(uint64_t hva) {
  HostMap({hva, 0x1000, -1, options_.cvq_asid}, 1);
  HostMap({hva + 0x1000, 0x1000, -1, options_.cvq_asid}, 3);
}

void FakeQemu::UnmapBuffers() { UnmapRings(-1); }

}  // namespace iovalab
