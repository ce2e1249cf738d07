using System.Text;
using VmAppliance.Linux;
using VmAppliance.Processes;

namespace VmAppliance.Guest.Agent;

/// <summary>Turns a machine that is nobody's into the one an identity describes. Entropy comes first: keys and ids are drawn from it.</summary>
static class IdentityChange
{
    const int WorldReadable = 0x1A4; // 0644

    /// <summary>Applies all of it.</summary>
    /// <param name="identity">Who the machine shall be.</param>
    /// <param name="isFresh">Whether it was written just now. One that was written before the boot tells only what time it is not yet: the machine's own clock is better than that.</param>
    /// <exception cref="Diagnostics.ApplianceException">A tool failed.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Apply(Identity identity, bool isFresh)
    {
        GuestKernel.AddEntropy(identity.Entropy);
        if (isFresh || DateTime.UtcNow < identity.Time)
            GuestKernel.SetClock(identity.TimeNanoseconds);
        Name(identity.HostName);
        RenewBootId();
        AccountFiles.Write(identity.Account);
        MakeOwned(identity.Account.Home, identity.Account, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var directory in identity.Directories)
            MakeOwned(directory, identity.Account, (UnixFileMode)0x1ED /* 0755 */);
        Connect(identity.Network);
    }

    static void Name(string name)
    {
        GuestKernel.SetHostName(name);
        Write("/etc/hostname", $"{name}\n");
        Write("/etc/hosts", $"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost ip6-localhost ip6-loopback\n");
        Write("/etc/machine-id", $"{Entropy.Hex(32)}\n");
    }

    // The kernel draws it once, perhaps before the machine was frozen; then all that were resumed would have the same.
    static void RenewBootId()
    {
        const string Kernel = "/proc/sys/kernel/random/boot_id", Own = "/run/vmappliance-boot-id";
        Write(Own, $"{Guid.NewGuid()}\n");
        GuestKernel.Cover(Kernel, Own);
    }

    // What exists in the image, a mounted home for instance, is left as it is.
    static void MakeOwned(string path, GuestAccount account, UnixFileMode mode)
    {
        if (Directory.Exists(path))
            return;
        Directory.CreateDirectory(path);
        Files.Change(path, (int)mode, account.Uid, account.Gid);
    }

    static void Connect(GuestNetwork network)
    {
        var device = Device(network.Mac);
        var batch = IsOnesOwn(device, network.Mac) ? "" : $"link set dev {device} down\naddress flush dev {device}\n";
        batch += $"link set dev lo up\nlink set dev {device} address {network.Mac} up\naddress replace {network.Address} dev {device}\n";
        if (network.Gateway is not null)
            batch += $"route replace default via {network.Gateway}\n";
        CommandRunner.Require("set up network", ["ip", "-batch", "-"], input: Encoding.ASCII.GetBytes(batch));
        if (network.NameServers.Count > 0)
            Write("/etc/resolv.conf", string.Concat(network.NameServers.Select(s => $"nameserver {s}\n")));
    }

    // What the frozen machine's card was is not this one's.
    static bool IsOnesOwn(string device, string mac) => File.ReadAllText($"/sys/class/net/{device}/address").Trim().Equals(mac, StringComparison.OrdinalIgnoreCase);

    static string Device(string mac)
    {
        var cards = Directory.GetDirectories("/sys/class/net").Where(d => Directory.Exists($"{d}/device"))
            .ToDictionary(d => Path.GetFileName(d)!, d => File.ReadAllText($"{d}/address").Trim());
        // A machine that was resumed has the card of the one that was frozen.
        return cards.Where(c => c.Value.Equals(mac, StringComparison.OrdinalIgnoreCase)).Select(c => c.Key).FirstOrDefault()
            ?? (cards.Count == 1 ? cards.Keys.Single() : null) ?? throw new IOException($"there is no network card with the address {mac} (there are: {string.Join(", ", cards.Select(c => $"{c.Key} {c.Value}"))})");
    }

    static void Write(string path, string text) => Files.Replace(path, Encoding.UTF8.GetBytes(text), WorldReadable);
}
