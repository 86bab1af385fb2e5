#define _GNU_SOURCE
#include "include/CSocketCAN.h"
#include <errno.h>
#include <linux/can.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int csocketcan_look(const char *name, csocketcan_interface *result) {
  struct ifreq request;
  memset(&request, 0, sizeof request);
  memset(result, 0, sizeof *result);
  if (strlen(name) >= sizeof request.ifr_name) return ENODEV;
  strcpy(request.ifr_name, name);
  int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return errno;
  int problem = 0;
  if (ioctl(descriptor, SIOCGIFINDEX, &request) < 0) problem = errno;
  result->index = (uint32_t)request.ifr_ifindex;
  if (problem == 0 && ioctl(descriptor, SIOCGIFHWADDR, &request) < 0) problem = errno;
  result->is_can = request.ifr_hwaddr.sa_family == ARPHRD_CAN;
  if (problem == 0 && ioctl(descriptor, SIOCGIFFLAGS, &request) < 0) problem = errno;
  result->is_up = (request.ifr_flags & IFF_UP) != 0;
  result->is_running = (request.ifr_flags & IFF_RUNNING) != 0;
  close(descriptor);
  return problem;
}

static int configure(int descriptor, uint32_t index, const uint32_t *identifiers, size_t count) {
  struct can_filter filters[64];
  if (count > sizeof filters / sizeof *filters) return errno = EINVAL, -1;
  for (size_t i = 0; i < count; i++) {
    int is_extended = (identifiers[i] & CAN_EFF_FLAG) != 0;
    filters[i].can_id = identifiers[i];
    filters[i].can_mask = (is_extended ? CAN_EFF_MASK : CAN_SFF_MASK) | CAN_EFF_FLAG | CAN_RTR_FLAG;
  }
  can_err_mask_t errors = CAN_ERR_CRTL | CAN_ERR_BUSOFF | CAN_ERR_RESTARTED;
  int on = 1;
  if (setsockopt(descriptor, SOL_CAN_RAW, CAN_RAW_FILTER, filters, count * sizeof *filters) < 0) return -1;
  if (setsockopt(descriptor, SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &errors, sizeof errors) < 0) return -1;
  if (setsockopt(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) return -1;
  if (setsockopt(descriptor, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on) < 0) return -1;
  struct sockaddr_can address;
  memset(&address, 0, sizeof address);
  address.can_family = AF_CAN;
  address.can_ifindex = (int)index;
  return bind(descriptor, (struct sockaddr *)&address, sizeof address);
}

int csocketcan_open(uint32_t index, const uint32_t *identifiers, size_t count) {
  int descriptor = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, CAN_RAW);
  if (descriptor < 0) return -1;
  if (configure(descriptor, index, identifiers, count) == 0) return descriptor;
  int problem = errno;
  close(descriptor);
  errno = problem;
  return -1;
}

static void read_ancillary(struct msghdr *message, csocketcan_frame *result) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec stamp;
      memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
      result->realtime = (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
    } else if (part->cmsg_type == SO_RXQ_OVFL) {
      memcpy(&result->dropped, CMSG_DATA(part), sizeof result->dropped);
    }
  }
}

int csocketcan_receive(int descriptor, csocketcan_frame *result) {
  struct can_frame frame;
  _Alignas(struct cmsghdr) char ancillary[256];
  struct iovec vector = {.iov_base = &frame, .iov_len = sizeof frame};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = ancillary, .msg_controllen = sizeof ancillary};
  ssize_t count;
  do { count = recvmsg(descriptor, &message, 0); } while (count < 0 && errno == EINTR);
  if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
  if (count != (ssize_t)sizeof frame) return errno = EBADMSG, -1;
  memset(result, 0, sizeof *result);
  result->identifier = frame.can_id;
  result->length = frame.can_dlc <= 8 ? frame.can_dlc : 8;
  for (uint32_t i = 0; i < result->length; i++) result->data |= (uint64_t)frame.data[i] << (8 * i);
  read_ancillary(&message, result);
  return 1;
}

int csocketcan_send(int descriptor, uint32_t identifier, uint64_t data, uint32_t length) {
  struct can_frame frame;
  memset(&frame, 0, sizeof frame);
  frame.can_id = identifier;
  frame.can_dlc = (uint8_t)(length <= 8 ? length : 8);
  for (uint32_t i = 0; i < frame.can_dlc; i++) frame.data[i] = (uint8_t)(data >> (8 * i));
  ssize_t count;
  do { count = send(descriptor, &frame, sizeof frame, MSG_NOSIGNAL); } while (count < 0 && errno == EINTR);
  return count == (ssize_t)sizeof frame ? 0 : -1;
}
