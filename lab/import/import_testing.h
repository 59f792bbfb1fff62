#ifndef IOVALAB_LAB_IMPORT_IMPORT_TESTING_H_
#define IOVALAB_LAB_IMPORT_IMPORT_TESTING_H_

// For tests of import: captures from testdata, and FakeQemu, which writes the
// log that a QEMU would, with IOVAs from the slowest obvious first fit and
// look-up over a plain list.
//
// Not for: anything but tests.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace iovalab {

// testdata/captures/NAME.log.gz, unpacked.
std::string ReadCapture(absl::string_view name);
// testdata/captures/FILE, unpacked.
std::string ReadCaptureFile(absl::string_view file);
// testdata/captures/NAME.monitor.gz: `info mtree -f`, `info ramblock` and
// `gpa2hva` in the same run, when the driver had started the device, high SMRAM
// was opened, and closed.
std::string ReadMonitor(absl::string_view name);

struct FakeQemuOptions {
  bool shared = false;  // QEMU 9.0 and later: vdpa_shared, asid, llend odd
  bool by_gpa = false;  // look-ups of sections by GPA, as 10.0
  bool shadow = true;   // x-svq=on
  bool timestamps = true;
  bool vring_lines = true;  // vhost_vdpa_set_vring_addr is traced
  bool batch = true;
  int fd = 9;
  uint64_t pointer = 0x55aa00001000;
  uint64_t iova_first = 0;
  uint32_t cvq_asid = 0;
};

struct FakeSection {
  uint64_t first = 0;  // GPA, both inclusive
  uint64_t last = 0;
  uint64_t hva = 0;
  bool readonly = false;
};

// One device. Appends to a log that several devices may share.
class FakeQemu {
 public:
  FakeQemu(FakeQemuOptions options, std::string* log);

  void Init();
  void StartLine(bool started);
  void RegionAdd(const FakeSection& section);
  void RegionDel(const FakeSection& section);
  void Commit();  // ends the batch, where one was begun
  // Maps two areas of a queue, as QEMU does before VHOST_SET_VRING_ADDR.
  void MapRings(int queue, uint64_t hva, uint64_t driver, uint64_t device,
                bool of_cvq = false);
  void UnmapRings(int queue);
  void MapBuffers(uint64_t hva);  // of the control virtqueue
  void UnmapBuffers();
  void NewTree() { tree_.clear(); }
  int messages() const { return messages_; }

 private:
  struct Node {
    uint64_t iova, size, hva, gpa;
    bool host;
  };
  struct Host {
    uint64_t hva, size;
    int queue;  // -1: a buffer
    uint32_t asid;
  };
  void Line(const std::string& text);
  void BeginOnce();
  uint64_t Allocate(uint64_t size);
  void MapMessage(uint64_t iova, uint64_t size, uint64_t hva, int perm,
                  uint32_t asid);
  void UnmapMessage(uint64_t iova, uint64_t size, uint32_t asid);
  void HostMap(const Host& host, int perm);
  void HostUnmap(const Host& host);

  FakeQemuOptions options_;
  std::string* log_;
  std::vector<Node> tree_;
  std::vector<Host> hosts_;
  bool batch_open_ = false;
  int messages_ = 0;
};

}  // namespace iovalab

#endif  // IOVALAB_LAB_IMPORT_IMPORT_TESTING_H_
