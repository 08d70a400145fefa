"""No module imports, by way of others, itself."""

import grimp
import networkx


def test_there_is_no_cycle_of_imports():
    graph = grimp.build_graph("avse", "egs", "recipes", exclude_type_checking_imports=True)
    imports = networkx.DiGraph(
        (one, other) for one in graph.modules for other in graph.find_modules_directly_imported_by(one)
    )
    assert imports.has_edge("avse.jobs.local_pool", "avse.jobs.task")  # the graph holds what is imported
    assert [sorted(part) for part in networkx.strongly_connected_components(imports) if len(part) > 1] == []
