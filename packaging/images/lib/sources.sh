# Where packages come from: the host's own Debian sources and apt settings. Sourced by debian.sh.
# shellcheck shell=bash disable=SC1091,SC2016 # $(FIELD) is for apt, not for the shell

# Fills `mirrors` with the "deb" lines for suite $1. A host of another release gives its mirrors all the same.
host_debian_sources() {
  local suite=$1 own uri component codename
  own=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
  while read -r uri component codename; do
    case $codename in
      "$suite" | "$suite"-updates | "$suite"-security) ;;
      "$own" | "$own"-updates | "$own"-security) codename=$suite${codename#"$own"} ;;
      *) continue ;;
    esac
    mirrors+=("deb $uri $codename $component")
  done < <(list_debian_sources)
  [ ${#mirrors[@]} -gt 0 ] || fail "find package sources: the host has none for Debian $suite" "--mirror URL names one"
  mapfile -t mirrors < <(printf '%s\n' "${mirrors[@]}" | sort -u)
}

# Prints address, component and code name. apt is asked because it knows both formats of its files. Sources
# that are not Debian's are left out: told by the origin that they state, or, where the host has no package lists
# yet, by their address.
list_debian_sources() {
  local rows
  rows=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(CODENAME) $(ORIGIN)' 'Created-By: Packages' 'Target-Of: deb' |
    awk '$4 == "Debian"')
  if [ -z "$rows" ]; then
    rows=$(apt-get indextargets -o APT::Get::IndexTargets::ReleaseInfo=false \
      --format '$(REPO_URI) $(COMPONENT) $(RELEASE)' 'Created-By: Packages' 'Target-Of: deb' |
      awk '$1 ~ "/debian(-security)?/" && $2 ~ "^(main|contrib|non-free.*)$"')
  fi
  awk 'NF && $1 !~ "^cdrom:" { print $1, $2, $3 }' <<<"$rows"
}

# The settings that decide how the host reaches its mirrors (proxies, time-outs), as an apt.conf.
host_apt_options() {
  local name
  for name in http https Retries Check-Valid-Until Check-Date ForceIPv4 ForceIPv6; do
    apt-config dump --no-empty --format '%F "%v";%n' "Acquire::$name"
  done
}
