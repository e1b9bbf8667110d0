using System.Runtime.Versioning;
using Xunit;

namespace Bibind.Local.Tests;

public sealed class OdooFilesTests
{
    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void The_file_store_is_closed_to_others_also_where_an_earlier_version_left_it_open()
    {
        var folder = Directory.CreateTempSubdirectory("bibind-files-").FullName;
        try
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
            Directory.CreateDirectory(Path.Combine(folder, "template_blank"), (UnixFileMode)0b111_101_101);

            OdooFiles.Write(folder, "template_blank");

            Assert.All(
                [folder, Path.Combine(folder, "template_blank")],
                path => Assert.Equal((UnixFileMode)0b111_101_000, File.GetUnixFileMode(path)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
