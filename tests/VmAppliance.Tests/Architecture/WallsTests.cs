using System.Text.RegularExpressions;

namespace VmAppliance.Tests.Architecture;

/// <summary>The floors and walls of the design: a lower floor never knows a higher one, and the rooms of floor 2 never use each other.</summary>
sealed class WallsTests
{
    static readonly Dictionary<string, int> s_floors = new()
    {
        [""] = 5, ["Modes"] = 4, ["Jobs"] = 3,
        ["Batch"] = 2, ["Storage"] = 2, ["Hypervisors"] = 2, ["Guest"] = 2, ["Images"] = 2,
        ["Configuration"] = 1, ["Processes"] = 1, ["Diagnostics"] = 1, ["Linux"] = 0,
    };

    static async Task None(IEnumerable<string> violations) => await Assert.That(string.Join('\n', violations)).IsEqualTo("");

    [Test]
    public async Task Every_file_is_in_a_room_and_every_room_has_files()
    {
        await None(Source.All.Where(s => !s_floors.ContainsKey(s.Room)).Select(s => s.Path));
        await Assert.That(string.Join(' ', Source.All.Select(s => s.Room).Distinct().Order())).IsEqualTo(string.Join(' ', s_floors.Keys.Order()));
    }

    [Test]
    public async Task A_lower_floor_never_knows_a_higher_one() =>
        await None(from source in Source.All from room in source.RoomsUsed where s_floors[room] > s_floors[source.Room] select $"{source.Path} uses {room}");

    [Test]
    public async Task Rooms_of_floor_two_never_use_each_other() =>
        await None(from source in Source.All where s_floors[source.Room] == 2 from room in source.RoomsUsed where s_floors[room] == 2 select $"{source.Path} uses {room}");

    [Test]
    [Arguments("Hypervisors/Qemu", "Xen")]
    [Arguments("Hypervisors/Xen", "Qemu")]
    [Arguments("Hypervisors", "Qemu")]
    [Arguments("Hypervisors", "Xen")]
    public async Task A_hypervisor_never_knows_another_and_what_they_share_knows_none(string folder, string other)
    {
        await None(from source in Source.All where Path.GetDirectoryName(source.Path) == folder from line in Naming(source, other) select line);
        // Jobs chooses; if that were not found, nothing else would be either.
        await Assert.That(Source.All.Where(s => s.Path == "Jobs/Node.cs").SelectMany(s => Naming(s, other))).IsNotEmpty();
    }

    static IEnumerable<string> Naming(Source source, string hypervisor) =>
        source.Code.Where(l => Regex.IsMatch(l, $@"\bHypervisors\.{hypervisor}\b|(?<![\w.""]){hypervisor}\.[A-Z]")).Select(l => $"{source.Path}: {l.Trim()}");

    [Test]
    public async Task The_walls_are_seen_by_this_test()
    {
        // Jobs puts the rooms below together; if these were not found, the tests above would find nothing either.
        var used = Source.All.Where(s => s.Room == "Jobs").SelectMany(s => s.RoomsUsed).Distinct().Order();
        await Assert.That(string.Join(' ', used)).IsEqualTo("Batch Configuration Diagnostics Guest Hypervisors Images Linux Processes Storage");
    }

    [Test]
    public async Task Namespaces_follow_the_folders() =>
        await None(Source.All.Where(s => s.Room.Length > 0 && !s.Lines.Contains($"namespace VmAppliance.{Path.GetDirectoryName(s.Path)!.Replace('/', '.')};")).Select(s => s.Path));

    [Test]
    [Arguments("Tmds.Linux", "Linux")]
    [Arguments("Renci.SshNet", "Guest")]
    [Arguments("Org.BouncyCastle", "Guest")]
    [Arguments("System.CommandLine", "Modes")]
    [Arguments("Microsoft.Extensions.Configuration", "Configuration")]
    public async Task A_library_is_used_in_one_room_only(string library, string room)
    {
        await None(from source in Source.All where source.Room != room from line in source.Having(library) select line);
        await Assert.That(Source.All.Count(s => s.Room == room && s.Usings.Any(u => u.StartsWith(library, StringComparison.Ordinal)))).IsGreaterThan(0);
    }

    [Test]
    [Arguments("DllImport")]
    [Arguments("LibraryImport")]
    public async Task Only_the_lowest_floor_binds_system_calls(string attribute) =>
        await None(from source in Source.All where source.Room != "Linux" from line in source.Having(attribute) select line);
}
