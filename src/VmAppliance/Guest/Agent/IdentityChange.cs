using System.Globalization;
using System.Net;
using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>Turns a machine that is nobody's into the one an identity describes. Entropy comes first: keys and ids are drawn from it.</summary>
static class IdentityChange
{
    const int WorldReadable = 0x1A4; // 0644

    static Dictionary<string, string>? s_cards;

    /// <summary>Applies all of it.</summary>
    /// <param name="identity">Who the machine shall be.</param>
    /// <param name="isFresh">Whether it was written just now. One that was written before the boot tells only what time it is not yet: the machine's own clock is better than that.</param>
    /// <exception cref="IOException">A file cannot be written, or the kernel refuses.</exception>
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

    /// <summary>
    /// Takes the machine off its network. One that is resumed announces its address at once, before it can be told that it has another one now:
    /// whoever has the old one, or looks for the new one, would be led astray.
    /// </summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public static void Disconnect()
    {
        foreach (var name in Cards().Keys)
        {
            using var card = new NetworkCard(name);
            card.TakeDown();
            card.DropAddress();
        }
    }

    // Down first: of what the frozen machine's card was, and whom it knew, nothing may stay.
    static void Connect(GuestNetwork network)
    {
        using (var loopback = new NetworkCard("lo"))
            loopback.BringUp();
        using var card = new NetworkCard(Device(network.Mac));
        card.TakeDown();
        card.SetMac(network.Mac);
        var (address, prefix) = (network.Address.Split('/')[0], network.Address.Split('/')[1]);
        card.SetAddress(IPAddress.Parse(address), int.Parse(prefix, CultureInfo.InvariantCulture));
        card.BringUp();
        if (network.Gateway is not null)
            card.SetGateway(IPAddress.Parse(network.Gateway));
        if (network.NameServers.Count > 0)
            Write("/etc/resolv.conf", string.Concat(network.NameServers.Select(s => $"nameserver {s}\n")));
    }

    static string Device(string mac)
    {
        var cards = s_cards ??= Cards();
        // A machine that was resumed has the card of the one that was frozen.
        return cards.Where(c => c.Value.Equals(mac, StringComparison.OrdinalIgnoreCase)).Select(c => c.Key).FirstOrDefault()
            ?? (cards.Count == 1 ? cards.Keys.Single() : null) ?? throw new IOException($"there is no network card with the address {mac} (there are: {string.Join(", ", cards.Select(c => $"{c.Key} {c.Value}"))})");
    }

    static Dictionary<string, string> Cards() => Directory.GetDirectories("/sys/class/net").Where(d => Directory.Exists($"{d}/device"))
        .ToDictionary(d => Path.GetFileName(d)!, d => File.ReadAllText($"{d}/address").Trim());

    static void Write(string path, string text) => Files.WriteOver(path, Encoding.UTF8.GetBytes(text), WorldReadable);
}
