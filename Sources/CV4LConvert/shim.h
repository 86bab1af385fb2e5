#pragma once
#include <linux/videodev2.h>
#include <libv4l-plugin.h>
#include <libv4lconvert.h>

// The request macro is invisible to Swift.
static const unsigned long v4lconvert_request_querycap = VIDIOC_QUERYCAP;
