# Sourced by scripts/vm-test and scripts/systemd-test, in the repository's root: what both test machines need.
cache=.cache/vm

# usage: install_packages PACKAGE...    as far as they are missing
install_packages() {
  local missing=() package sudo=()
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "installing ${missing[*]}"
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    > /dev/null
}

# Debian's kernel, unpacked into $cache/kernel, never installed.
fetch_kernel() {
  [ -d "$cache/kernel/boot" ] && return
  mkdir -p "$cache"
  local package
  package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ {print $2; exit}')
  [ -n "$package" ] || { echo "apt knows no linux-image-amd64; run apt-get update"; exit 1; }
  echo "downloading $package"
  (cd "$cache" && apt-get download -qq "$package")
  rm -rf "$cache/kernel.partial"
  dpkg -x "$cache/$package"_*.deb "$cache/kernel.partial"
  mv "$cache/kernel.partial" "$cache/kernel"
}

# usage: pack_initramfs FOLDER OUTPUT
pack_initramfs() {
  (cd "$1" && find . -print0 | cpio --null --create --format=newc --owner=0:0 --quiet) | gzip -1 > "$2"
}

# usage: boot LOG SECONDS INITRAMFS KERNEL_ARGUMENTS QEMU_ARGUMENT...
# Runs the machine, at most for that long. Of its console, lines that begin with VM-TEST are shown.
boot() {
  local log=$1 limit_seconds=$2 initramfs=$3 arguments=$4 kernels=("$cache"/kernel/boot/vmlinuz-*)
  shift 4
  echo "booting ${kernels[0]##*/} with $(du -h "$initramfs" | cut -f1) of files in memory"
  timeout "$limit_seconds" qemu-system-x86_64 -accel tcg -cpu max -nographic -nodefaults -serial stdio \
    -kernel "${kernels[0]}" -initrd "$initramfs" -append "console=ttyS0 quiet loglevel=3 $arguments" "$@" \
    < /dev/null 2>&1 | tee "$log" | sed -u -n 's/\r$//; s/^VM-TEST //p' || true
}

# usage: verdict LOG    succeeds when the machine finished and every check passed
verdict() {
  local log=$1 passed failed
  passed=$(grep -c '^VM-TEST pass' "$log" || true)
  failed=$(grep -c '^VM-TEST FAIL' "$log" || true)
  if ! grep -q '^VM-TEST finished' "$log"; then
    echo "the machine did not finish; the end of its console:"
    tail -n 40 "$log"
    return 1
  fi
  echo "virtual machine: $passed checks passed, $failed failed (console in $log)"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
