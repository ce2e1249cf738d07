using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

/// <summary>The thread that starts children is under the filter itself, so it can be the child here. Only root may filter others.</summary>
sealed class OpenBrokerTests
{
    const string Path = "/proc/no/such/file";

    // Descriptor.Open has O_CLOEXEC: nobody is asked then.
    static unsafe int OpenPlainly(string path)
    {
        using var memory = new NativeStrings();
        return Errno.Check(Tmds.Linux.LibC.open(memory.Add(path), Tmds.Linux.LibC.O_RDWR), "open", path);
    }

    static string Read(Descriptor file)
    {
        var bytes = new byte[64];
        return Encoding.ASCII.GetString(bytes, 0, file.ReadAt(0, bytes));
    }

    [Test]
    public async Task Who_wants_to_write_gets_what_can_only_be_read()
    {
        using var directory = new TempDirectory();
        using var file = Descriptor.Open(directory.Write("file", "precious"), OpenMode.Read);
        if (Host.EffectiveUser != 0)
        {
            await Assert.That(() => OpenBroker.Start(Path, file, () => 0)).Throws<LinuxException>();
            return;
        }
        var (given, broker) = OpenBroker.Start(Path, file, () => new Descriptor(OpenPlainly(Path)));
        using (broker)
        using (given)
        {
            await Assert.That(Read(given)).IsEqualTo("precious");
            await Assert.That(() => given.WriteAll("x"u8)).Throws<LinuxException>();
        }
        await Assert.That(File.ReadAllText(directory["file"])).IsEqualTo("precious");
    }

    [Test]
    public async Task Everything_else_is_opened_as_ever()
    {
        if (Host.EffectiveUser != 0)
            return;
        using var directory = new TempDirectory();
        using var file = Descriptor.Open(directory.Write("file", "precious"), OpenMode.Read);
        var other = directory.Write("other", "other");
        var (opened, broker) = OpenBroker.Start(Path, file, () =>
        {
            using var quietly = Descriptor.Open(other, OpenMode.ReadWrite);
            return new Descriptor(OpenPlainly(other));
        });
        using (broker)
        using (opened)
        {
            opened.WriteAll("OTHER"u8);
            await Assert.That(File.ReadAllText(other)).IsEqualTo("OTHER");
        }
    }

    // By signals, which interrupt what a broker waits for.
    [Test]
    public async Task Nobody_waits_for_ever_while_the_runtime_stops_its_threads()
    {
        if (Host.EffectiveUser != 0)
            return;
        using var directory = new TempDirectory();
        using var file = Descriptor.Open(directory.Write("file", "precious"), OpenMode.Read);
        using var enough = new CancellationTokenSource();
        var collector = Task.Run(() =>
        {
            // Without a pause there would be no time for anything else.
            while (!enough.Token.WaitHandle.WaitOne(1))
                GC.Collect(0);
        });
        for (var turn = 0; turn < 1000; turn++)
        {
            var (given, broker) = await Task.Run(() => OpenBroker.Start(Path, file, () => new Descriptor(OpenPlainly(Path)))).WaitAsync(TimeSpan.FromSeconds(20));
            using (broker)
            using (given)
                await Assert.That(Read(given)).IsEqualTo("precious");
        }
        await enough.CancelAsync();
        await collector;
    }

    [Test]
    public async Task What_fails_there_fails_here_and_nobody_waits_for_who_is_gone()
    {
        using var directory = new TempDirectory();
        using var file = Descriptor.Open(directory.Write("file", ""), OpenMode.Read);
        var failure = await Assert.That(() => OpenBroker.Start<int>(Path, file, () => throw new IOException("no"))).Throws<IOException>();
        await Assert.That(failure!.Message == "no" || Host.EffectiveUser != 0).IsTrue();
    }
}
