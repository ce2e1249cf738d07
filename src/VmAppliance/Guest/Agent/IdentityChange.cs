using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Guest.Agent;

/// <summary>Turns a machine that is nobody's into the one an identity describes. Entropy comes first: keys and ids are drawn from it.</summary>
static class IdentityChange
{
    const int WorldReadable = 0x1A4; // 0644

    static bool s_hasOwnBootId;

    /// <summary>Applies all of it.</summary>
    /// <param name="identity">Who the machine shall be.</param>
    /// <param name="isFresh">Whether it was written just now. One that was written before the boot tells only what time it is not yet: the machine's own clock is better than that.</param>
    /// <exception cref="IOException">A file cannot be written, or the kernel refuses.</exception>
    public static void Apply(Identity identity, bool isFresh)
    {
        GuestKernel.AddEntropy(identity.Entropy);
        if (isFresh || DateTime.UtcNow < identity.Time)
            GuestKernel.SetClock(identity.TimeNanoseconds);
        Name(identity.HostName, [identity.Network.Address.Split('/')[0], identity.HostName, .. identity.NodeNames ?? []]);
        RenewBootId();
        AccountFiles.Write(identity.Account);
        MakeOwned(identity.Account.Home, identity.Account, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var directory in identity.Directories)
            MakeOwned(directory, identity.Account, (UnixFileMode)0x1ED /* 0755 */);
        if (identity.WorkingDirectory is { } working)
            WorkingDirectory.Make(working);
        NetworkChange.Apply(identity.Network);
        if (identity.Zone is not null)
            ZoneChange.Apply(identity.Zone);
    }

    /// <summary>Takes the name back: the machine will get another one, which is longer. To make a file shorter takes more time than all else that is done to it.</summary>
    public static void Forget() => Name("localhost", []);

    // Names stand for the address of the network card: who looks whether a name is the own machine's compares with those of the cards.
    static void Name(string name, IReadOnlyList<string> own)
    {
        GuestKernel.SetHostName(name);
        Write("/etc/hostname", $"{name}\n");
        Write("/etc/hosts", $"127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n{string.Join(' ', own)}\n");
        Write("/etc/machine-id", $"{Entropy.Hex(32)}\n");
    }

    // The kernel draws it once, perhaps before the machine was frozen; then all that were resumed would have the same.
    static void RenewBootId()
    {
        const string Kernel = "/proc/sys/kernel/random/boot_id", Own = "/run/vmappliance-boot-id";
        Write(Own, $"{Guid.NewGuid()}\n");
        if (s_hasOwnBootId)
            return;
        GuestKernel.Cover(Kernel, Own);
        s_hasOwnBootId = true;
    }

    // What exists in the image, a mounted home for instance, is left as it is.
    static void MakeOwned(string path, GuestAccount account, UnixFileMode mode)
    {
        if (Files.MakeDirectory(path))
            Files.Change(path, (int)mode, account.Uid, account.Gid);
    }

    static void Write(string path, string text) => Files.WriteOver(path, Encoding.UTF8.GetBytes(text), WorldReadable);
}
