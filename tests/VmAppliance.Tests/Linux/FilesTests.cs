using System.Text;
using VmAppliance.Linux;

namespace VmAppliance.Tests.Linux;

sealed class FilesTests
{
    static int Mode(string path) => (int)File.GetUnixFileMode(path);

    [Test]
    [Arguments(0x180)] // 0600
    [Arguments(0x1A4)] // 0644
    [Arguments(0x1B6)] // 0666, whatever the umask
    [Arguments(0x100)] // 0400
    public async Task Replacing_makes_a_file_with_exactly_this_mode(int mode)
    {
        using var directory = new TempDirectory();
        Files.Replace(directory["a"], "new"u8, mode);
        await Assert.That((Mode(directory["a"]), File.ReadAllText(directory["a"]), directory.Names())).IsEqualTo((mode, "new", "a"));
    }

    [Test]
    [Arguments("a longer content than that")]
    [Arguments("short")]
    [Arguments("")]
    public async Task Writing_over_a_file_changes_nothing_but_its_content(string content)
    {
        using var directory = new TempDirectory();
        directory.Write("a", "content before", 0x1A0 /* 0640 */);
        using var reader = new StreamReader(directory["a"]);
        Files.WriteOver(directory["a"], Encoding.ASCII.GetBytes(content), 0x1A4);
        await Assert.That((reader.ReadToEnd(), Mode(directory["a"]), directory.Names())).IsEqualTo((content, 0x1A0, "a"));
    }

    [Test]
    public async Task Writing_over_a_link_or_over_nothing_makes_a_file()
    {
        using var directory = new TempDirectory();
        directory.Write("target", "untouched");
        File.CreateSymbolicLink(directory["link"], "target");
        Files.WriteOver(directory["link"], "new"u8, 0x1A4);
        Files.WriteOver(directory["none"], "new"u8, 0x1A4);
        await Assert.That((File.ReadAllText(directory["target"]), File.ReadAllText(directory["link"]), File.ReadAllText(directory["none"]), Mode(directory["none"])))
            .IsEqualTo(("untouched", "new", "new", 0x1A4));
    }

    [Test]
    public async Task A_directory_is_made_where_nothing_is()
    {
        using var directory = new TempDirectory();
        directory.Write("file", "untouched");
        File.CreateSymbolicLink(directory["link"], "nowhere");
        await Assert.That((Files.MakeDirectory(directory["a"]), Files.MakeDirectory(directory["a"]), Files.MakeDirectory(directory["b/c/d"]),
            Files.MakeDirectory(directory["file"]), Files.MakeDirectory(directory["link"]))).IsEqualTo((true, false, true, false, false));
        await Assert.That((Directory.Exists(directory["a"]), Directory.Exists(directory["b/c/d"]), File.ReadAllText(directory["file"]), Directory.Exists(directory["nowhere"])))
            .IsEqualTo((true, true, "untouched", false));
        await Assert.That(() => Files.MakeDirectory(directory["file/below"])).Throws<LinuxException>();
    }

    [Test]
    public async Task Replacing_is_atomic_for_who_has_the_old_file_open()
    {
        using var directory = new TempDirectory();
        directory.Write("a", "old content");
        using var reader = new StreamReader(directory["a"]);
        Files.Replace(directory["a"], "new"u8, 0x1A4);
        await Assert.That((reader.ReadToEnd(), File.ReadAllText(directory["a"]))).IsEqualTo(("old content", "new"));
    }

    [Test]
    public async Task A_reader_never_sees_half_a_file()
    {
        using var directory = new TempDirectory();
        byte[] a = [.. Enumerable.Repeat((byte)'a', 200_000)], b = [.. Enumerable.Repeat((byte)'b', 100_000)];
        Files.Replace(directory["f"], a, 0x1A4);
        var writer = Task.Run(() => Enumerable.Range(0, 100).ToList().ForEach(i => Files.Replace(directory["f"], i % 2 == 0 ? b : a, 0x1A4)));
        var torn = 0;
        do
        {
            var seen = File.ReadAllBytes(directory["f"]);
            torn += seen.AsSpan().SequenceEqual(a) || seen.AsSpan().SequenceEqual(b) ? 0 : 1;
        }
        while (!writer.IsCompleted);
        await writer;
        await Assert.That(torn).IsEqualTo(0);
    }

    [Test]
    public async Task Replacing_a_symbolic_link_replaces_the_link()
    {
        using var directory = new TempDirectory();
        File.CreateSymbolicLink(directory["link"], directory.Write("target", "untouched"));
        Files.Replace(directory["link"], "new"u8, 0x1A4);
        await Assert.That((File.ReadAllText(directory["target"]), new FileInfo(directory["link"]).LinkTarget)).IsEqualTo(("untouched", (string?)null));
    }

    [Test]
    public async Task Replacing_what_cannot_be_replaced_leaves_nothing_beside_it()
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["a"]);
        await Assert.That(() => Files.Replace(directory["a"], "new"u8, 0x1A4)).ThrowsException();
        await Assert.That(directory.Names()).IsEqualTo("a");
    }

    [Test]
    public async Task Changing_a_symbolic_link_does_not_change_its_target()
    {
        using var directory = new TempDirectory();
        File.CreateSymbolicLink(directory["link"], directory.Write("target", "", 0x180));
        try
        {
            Files.Change(directory["link"], 0x1FF, Host.EffectiveUser, -1);
        }
        catch (IOException)
        {
            // To refuse is as good.
        }
        await Assert.That(Mode(directory["target"])).IsEqualTo(0x180);
    }

    [Test]
    public async Task A_pipe_is_made_with_its_mode()
    {
        using var directory = new TempDirectory();
        Files.MakePipe(directory["p"], 0x180, Host.EffectiveUser, -1);
        var facts = Files.Facts(directory["p"])!.Value;
        await Assert.That((facts.Mode, facts.IsRegular, facts.IsDirectory, facts.Uid)).IsEqualTo((0x1180 /* S_IFIFO 0600 */, false, false, Host.EffectiveUser));
    }

    [Test]
    public async Task Facts_are_of_the_link_itself_and_missing_is_null()
    {
        using var directory = new TempDirectory();
        File.CreateSymbolicLink(directory["link"], directory.Write("target", "12345", 0x1B6));
        await Assert.That(Files.Facts(directory["link"])!.Value.IsRegular).IsFalse();
        await Assert.That(Files.Facts(directory["target"])).IsEqualTo(new FileFacts(Host.EffectiveUser, Files.Facts(directory["target"])!.Value.Gid, 0x81B6, 5));
        await Assert.That(Files.Facts(directory["none"])).IsNull();
        await Assert.That(Files.Facts(directory["target"] + "/below")).IsNull();
    }

    [Test]
    [Arguments(0x1A4, false)] // 0644
    [Arguments(0x1ED, false)] // 0755
    [Arguments(0x1B4, true)] // 0664
    [Arguments(0x1A6, true)] // 0646
    public async Task Group_and_others_can_write_or_not(int mode, bool can) =>
        await Assert.That(new FileFacts(0, 0, 0x8000 | mode, 0).OthersCanWrite).IsEqualTo(can);

    [Test]
    public async Task A_file_is_read_whole_with_the_facts_of_the_file_that_was_read()
    {
        using var directory = new TempDirectory();
        directory.Write("a", "content", 0x1A0);
        var content = Files.ReadNoFollow(directory["a"], 7, out var facts);
        await Assert.That(Encoding.UTF8.GetString(content)).IsEqualTo("content");
        await Assert.That((facts.Mode, facts.Size, facts.Uid)).IsEqualTo((0x81A0, 7L, Host.EffectiveUser));
        await Assert.That(Files.ReadNoFollow(directory.Write("b", ""), 0, out _).Length).IsEqualTo(0);
    }

    [Test]
    [Arguments("link", Errno.ELOOP)]
    [Arguments("pipe", Errno.EINVAL)]
    [Arguments("directory", Errno.EINVAL)]
    [Arguments("large", Errno.EFBIG)]
    [Arguments("none", Errno.ENOENT)]
    public async Task Reading_refuses_at_once_what_is_no_small_regular_file(string name, int errno)
    {
        using var directory = new TempDirectory();
        File.CreateSymbolicLink(directory["link"], directory.Write("a", "x"));
        Files.MakePipe(directory["pipe"], 0x1A4, Host.EffectiveUser, -1);
        Directory.CreateDirectory(directory["directory"]);
        directory.Write("large", "12345678");
        await Assert.That(Assert.Throws<LinuxException>(() => Files.ReadNoFollow(directory[name], 7, out _)).Errno).IsEqualTo(errno);
    }
}
